"""People from a spreadsheet: read (bytes to cells), judge (cells to what each row would do), carry out, and the routes of all three."""
