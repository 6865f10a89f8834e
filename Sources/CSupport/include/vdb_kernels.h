/* The inner loops, one table for each instruction set. Filled in Swift by the targets VectorKernelsBaseline, VectorKernelsAVX2
 * and VectorKernelsAVX512, which compile the same source.
 *
 * "Exact" functions return the same bits in every table. The others are fast and come with a bound on their error: no term
 * of a sum goes through more roundings than the depth named below. */
#ifndef VDB_KERNELS_H
#define VDB_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#define VDB_TILE_ROWS_MAX 8
#define VDB_TILE_QUERIES_MAX 48
/* Rows behind those of a scan that are asked of memory before their turn comes. */
#define VDB_SCAN_AHEAD 8

typedef struct vdb_kernels {
  /* Floats in a vector register of the tiles. */
  uint32_t lanes;
  /* Rows a tile works on at once, at most VDB_TILE_ROWS_MAX. */
  uint32_t tile_rows;
  /* Most vectors of queries in a panel: a panel holds 1 ... tile_vectors times `lanes` queries. */
  uint32_t tile_vectors;
  /* Floats in a vector register of the scans, which may come from a narrower instruction set. */
  uint32_t scan_lanes;

  /* Exact: sum of squares; dot product; sum of squared differences; dot product and sum of squares of the row together.
   * Pointers need no alignment. */
  double (*squared_norm)(const void *row, size_t count);
  double (*dot)(const void *query, const void *row, size_t count);
  double (*squared_distance)(const void *query, const void *row, size_t count);
  void (*dot_and_norm)(const void *query, const void *row, size_t count, double *out);

  /* Fast, one query against rows anywhere: out[i] for row_count rows of `count` floats. Depth: count / scan_lanes +
   * 10.
   * rows[row_count ... row_count + VDB_SCAN_AHEAD - 1] are rows too: they are prefetched, not read. */
  void (*scan_dot)(const float *query, const float *const *rows, size_t row_count, size_t count, float *out);
  void (*scan_squared_distance)(const float *query, const float *const *rows, size_t row_count, size_t count,
                                float *out);

  /* values[i] = values[i] * scale[i] + offset[i] for up to 64 values; bit i of the answer is set unless that is below
   * the cut. Reads and writes up to the next multiple of 16. */
  uint64_t (*scan_select)(float *values, const float *scale, const float *offset, size_t value_count, float cut);

  /* Fast, `vectors * lanes` queries against tile_rows rows: sums[row][query] (+)= the dot product of `count` floats from
   * `from` on. panel[i][query] holds component from + i. `add` says whether sums are added to or set. Depth: count + 1
   * a call. */
  void (*tile)(const float *panel, const float *const *rows, size_t from, size_t count, uint32_t vectors, uint32_t add,
               float *sums);

  /* sums[row][query] = sums * scale[row] + offset[row]; bit q of masks[row] is set unless that is below cuts[q]. Returns
   * the union of the masks. */
  uint64_t (*tile_select)(float *sums, const float *scale, const float *offset, const float *cuts, uint32_t vectors,
                          uint64_t *masks);
} vdb_kernels;

/* Fill a table; each is defined by the target of its name. Called through C, for Swift's optimiser would otherwise copy
 * kernels into callers that are compiled for another instruction set. */
void vdb_kernels_fill_baseline(vdb_kernels *table);
void vdb_kernels_fill_avx2(vdb_kernels *table);
void vdb_kernels_fill_avx512(vdb_kernels *table);

#endif
