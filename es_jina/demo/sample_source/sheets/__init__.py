"""Pages that the demo model can read: words of its vocabulary printed large, and a large chart."""
