"""What a person sees of HemaLens in napari: forms, buttons and a table. They compute nothing."""
