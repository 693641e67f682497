"""Calibration, operating points, conformal limits and heat-map thresholds, chosen on validation."""
