"""Donors and iPS cell lines: HLA, reprogramming, load of variants, banks."""
