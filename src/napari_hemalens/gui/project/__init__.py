"""The project that is open in a viewer, without its widget: what docks do is kept there, and shown again."""
