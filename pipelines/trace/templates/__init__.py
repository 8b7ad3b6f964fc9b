"""Pages that commands write, as Jinja2 templates: self-contained, without scripts, everything escaped."""
