package diag

// Programmer mistakes panic; everything that data can cause is NaN.
const (
	badLength  = "diag: slices differ in length"
	badLineage = "diag: lineage is not non-decreasing; systematic resampling leaves it so"
)
