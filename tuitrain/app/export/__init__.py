"""Files that the app writes: charts as CSV, SVG and PNG."""
