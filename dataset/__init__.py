"""The labelled data set of chest X-rays: index, split, download, quality audit and the tables of the explorer."""
