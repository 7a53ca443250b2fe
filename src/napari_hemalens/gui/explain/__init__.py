"""Where a classifier looked, in a viewer: heat as layers, cells beside their heat. No Qt."""
