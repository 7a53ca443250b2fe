"""Work shared out to the workers of a cluster: connecting, calling, what a worker keeps."""
