"""Charts: metrics over the steps, previews, and the results of a sweep."""
