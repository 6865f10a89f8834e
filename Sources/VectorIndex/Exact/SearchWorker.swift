import CSupport
import VectorModel

/// One thread's share of a search: takes rows, runs the fast kernels over them, keeps what may be near.
final class SearchWorker {
  private let job: SearchJob
  private let group: QueryGroup
  private let kernels: vdb_kernels
  private let rows: RowGroup
  private(set) var candidates: [Candidates] = []
  private let scores: ScratchMemory<Float>
  private let waiting: ScratchMemory<RowReference>
  private let nearest: ScratchMemory<Neighbor>
  private let spare: ScratchMemory<Float>
  /// Sums of every tile of a row group against one panel.
  private let sums: ScratchMemory<Float>
  private let cuts: ScratchMemory<Float>

  init(job: SearchJob, group: QueryGroup, k: Int) throws(VectorError) {
    self.job = job
    self.group = group
    kernels = job.kernels
    let capacity = Candidates.capacity(k: k)
    rows = try RowGroup(job: job, rule: group.rules[0])
    scores = try ScratchMemory(count: group.count * capacity)
    waiting = try ScratchMemory(count: group.count * capacity)
    nearest = try ScratchMemory(count: group.count * k)
    spare = try ScratchMemory(count: capacity)
    sums = try ScratchMemory(count: RowGroup.capacity * Int(VDB_TILE_QUERIES_MAX))
    cuts = try ScratchMemory(count: Int(VDB_TILE_QUERIES_MAX))
    candidates.reserveCapacity(group.count)
    for query in 0..<group.count {
      candidates.append(
        Candidates(
          rule: group.rules[query], distance: group.distances[query], k: k,
          scores: scores.base + query * capacity, waiting: waiting.base + query * capacity,
          nearest: nearest.base + query * k))
    }
  }

  /// Bytes a worker needs for a query.
  static func bytesPerQuery(k: Int) -> Int {
    Candidates.capacity(k: k) * (MemoryLayout<Float>.stride + MemoryLayout<RowReference>.stride)
      + k * MemoryLayout<Neighbor>.stride
  }

  /// Works until no rows are left.
  func run() throws(VectorError) {
    while try rows.fill() {
      if group.tiled { try multiply() } else { try scan() }
    }
    for query in candidates.indices {
      try candidates[query].finish(job, spare)
      try job.pause()
    }
  }

  /// Shows what another worker found for a query to this one.
  func merge(_ other: SearchWorker, query: Int) {
    for neighbor in other.candidates[query].nearest.elements { candidates[query].merge(neighbor, job.compareIDs) }
  }

  /// The answer for a query, nearest first, valid as long as the worker.
  func answer(_ query: Int) throws(VectorError) -> UnsafeBufferPointer<Neighbor> {
    try candidates[query].sorted(job)
  }

  /// Row by row against each query.
  private func scan() throws(VectorError) {
    let slice = max(4, job.rowsBetweenPauses & ~3)
    for query in 0..<group.count {
      var start = 0
      while start < rows.count {
        let n = min(slice, rows.count - start)
        if group.rules[query].form == .difference {
          kernels.scan_squared_distance(
            group.scanned(query), rows.pointers + start, n, job.dimensions, sums.base + start)
        } else {
          kernels.scan_dot(group.scanned(query), rows.pointers + start, n, job.dimensions, sums.base + start)
        }
        start += n
        if start < rows.count { try job.pause() }
      }
      var mask = kernels.scan_select(sums.base, rows.scales, rows.offsets, rows.count, candidates[query].cut)
      while mask != 0 {
        let slot = mask.trailingZeroBitCount
        mask &= mask - 1
        try candidates[query].add(rows.references[slot], score: sums.base[slot], job, spare)
      }
    }
  }

  /// All rows of the group against all panels, tile by tile.
  private func multiply() throws(VectorError) {
    for index in 0..<group.panelCount {
      let panel = group.panel(index)
      let width = panel.vectors * Int(kernels.lanes)
      let tileRows = Int(kernels.tile_rows)
      var from = 0
      while from < job.dimensions {
        let n = min(QueryGroup.chunk, job.dimensions - from)
        var row = 0
        while row < rows.count {
          kernels.tile(
            panel.base + from * width, rows.pointers + row, from, n, UInt32(panel.vectors), from == 0 ? 0 : 1,
            sums.base + row * width)
          row += tileRows
        }
        from += n
        try job.pause()
      }
      try select(panel.first, panel.queries, panel.vectors)
    }
  }

  private func select(_ first: Int, _ queries: Int, _ vectors: Int) throws(VectorError) {
    let width = vectors * Int(kernels.lanes)
    let tileRows = Int(kernels.tile_rows)
    for column in 0..<width { cuts.base[column] = column < queries ? candidates[first + column].cut : .infinity }
    let wanted: UInt64 = queries == 64 ? .max : (1 << UInt64(queries)) - 1
    var row = 0
    while row < rows.count {
      let tile = sums.base + row * width
      var masks: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
      try withUnsafeMutablePointer(to: &masks) { (pointer) throws(VectorError) in
        let masks = UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: UInt64.self)
        let any = kernels.tile_select(
          tile, rows.scales + row, rows.offsets + row, cuts.base, UInt32(vectors), masks)
        if any & wanted == 0 { return }
        for r in 0..<min(tileRows, rows.count - row) {
          var mask = masks[r] & wanted
          while mask != 0 {
            let column = mask.trailingZeroBitCount
            mask &= mask - 1
            try candidates[first + column].add(
              rows.references[row + r], score: tile[r * width + column], job, spare)
          }
        }
      }
      row += tileRows
    }
  }
}
