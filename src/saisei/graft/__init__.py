"""The graft: survival, division, fates, rejection and overgrowth. Hypothesis; research use only."""
