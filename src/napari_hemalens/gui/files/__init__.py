"""What napari's *Open* and *Save* do with files that HemaLens knows. No Qt."""
