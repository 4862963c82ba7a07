"""Reports, figures and pages. Holds no science: a number comes from one call into a stage."""
