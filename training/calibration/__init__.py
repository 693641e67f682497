"""Calibration, operating points, conformal limits and heat-map limits, all from the validation split."""
