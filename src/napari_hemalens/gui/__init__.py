"""The napari side: layers, the session of a viewer, threads and widgets."""
