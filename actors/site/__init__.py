"""The site: what one YAML file describes, checked, and the roadmap expanded from it."""
