"""Tables of means over seeds, as Markdown, CSV, LaTeX and JSON."""
