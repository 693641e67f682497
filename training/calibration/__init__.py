"""Calibration, operating points, conformal limits and heat-map limits, all selected on the validation split."""
