"""Virtual patients: injury and natural course as an examiner would write them down. Research use only."""
