"""Make the weights that the app loads: data set to network, fit, evaluation and release."""
