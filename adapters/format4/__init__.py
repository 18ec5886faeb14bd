"""«Формат 4.0» itself: field tables as data, the container, rows, cells and findings. Shared by whoever reads or writes it."""
