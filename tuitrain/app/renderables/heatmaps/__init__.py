"""Heat maps and pictures: weights, filters, samples, confusion matrix."""
