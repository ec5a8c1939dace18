// Package zarr writes and reads a small part of Zarr, enough for draws: a tree of one root and named groups of arrays,
// each array one uncompressed chunk, row-major and little-endian, with named dimensions and consolidated metadata.
//
// Format 2 rather than 3: ArviZ up to 0.23 reads it with the zarr package below version 3 only, ArviZ 1 and xarray read
// both formats, so format 2 is what all of them open (https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html; xarray
// names the dimensions of an array in its attribute _ARRAY_DIMENSIONS). Uncompressed, because noise does not compress.
package zarr
