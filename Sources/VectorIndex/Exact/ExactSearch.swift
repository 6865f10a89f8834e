import CSupport
import Support
import VectorKernels
import VectorModel

/// The k nearest rows of each query, without approximation, ordered by (distance, id bytes).
///
/// Fast float32 kernels only rule rows out, by a rigorous bound on their error; what remains is measured by the one exact
/// distance. So the answer has the same bits on every processor, with any number of threads, alone or in a batch.
package struct ExactSearch: Sendable {
  private let metric: Metric
  private let dimensions: Int
  private let kernels: vdb_kernels

  /// Multiplications below which more threads cost more than they bring.
  private static let smallWork = 2_000_000
  /// Memory for candidates, all threads together, before queries are answered in several passes.
  private static let candidateBytes = 64 << 20
  /// Memory for the queries of one pass.
  private static let packedBytes = 32 << 20
  /// Queries of one pass.
  private static let largestGroup = 1024

  /// `kernels` other than the fastest are for tests.
  package init(metric: Metric, dimensions: Int, kernels: KernelTable = .active) {
    self.metric = metric
    self.dimensions = dimensions
    self.kernels = kernels.functions
  }

  /// Looks at every row of `blocks` that its mask lets through.
  ///
  /// `compareIDs` orders two rows by their id bytes (negative, zero, positive); it decides between equal distances and
  /// is called from several threads. Lists are shorter than `k` when fewer rows take part. Errors: `cancelled`,
  /// `timeout`, `outOfMemory`, and `dimensionMismatch` for queries of another dimension.
  package func search(
    queries: VectorRows, k: Int, blocks: [RowBlock],
    compareIDs: @escaping @Sendable (RowReference, RowReference) -> Int,
    threads: Int, context: CallContext
  ) throws(VectorError) -> NeighborLists {
    guard queries.count == 0 || queries.dimensions == dimensions, dimensions > 0 else {
      throw VectorError(
        .dimensionMismatch, "queries have \(queries.dimensions) dimensions, the rows have \(dimensions)")
    }
    let answers = NeighborLists()
    let rowCount = RowBlock.participants(of: blocks)
    let k = min(k, rowCount)
    guard k > 0, queries.base != nil else {
      var pace = Pace(context)
      for _ in 0..<queries.count {
        try pace.spend(1)
        try append(UnsafeBufferPointer(start: nil, count: 0), to: answers)
      }
      return answers
    }
    let job = SearchJob(
      blocks: blocks, dimensions: dimensions, kernels: kernels, compareIDs: compareIDs, context: context)
    let perPass = max(
      1,
      min(
        ExactSearch.candidateBytes / SearchWorker.bytesPerQuery(k: k) / max(threads, 1), ExactSearch.largestGroup,
        ExactSearch.packedBytes / (4 * dimensions)))
    var first = 0
    while first < queries.count {
      let range = first..<min(queries.count, first + perPass)
      let group = try QueryGroup(queries, range, metric: metric, kernels: kernels, context: context)
      let (work, overflow) = (rowCount * range.count).multipliedReportingOverflow(by: dimensions)
      let small = !overflow && work < ExactSearch.smallWork
      try answer(group, job, k: k, threads: small ? 1 : min(threads, job.units), answers)
      first = range.upperBound
    }
    return answers
  }

  private func answer(
    _ group: QueryGroup, _ job: SearchJob, k: Int, threads: Int, _ answers: NeighborLists
  ) throws(VectorError) {
    let threads = max(1, min(threads, WorkerPool.shared.parallelism))
    var workers: [SearchWorker] = []
    for _ in 0..<threads { workers.append(try SearchWorker(job: job, group: group, k: k)) }
    job.rewind()
    try run(workers, job)
    for query in 0..<group.count {
      for other in workers.dropFirst() { workers[0].merge(other, query: query) }
      try append(workers[0].answer(query), to: answers)
      try job.pause()
    }
  }

  /// Runs the workers side by side; the first failure stops all.
  private func run(_ workers: [SearchWorker], _ job: SearchJob) throws(VectorError) {
    if workers.count == 1 { return try workers[0].run() }
    let lock = Lock()
    nonisolated(unsafe) var failure: VectorError?
    WorkerPool.shared.run(tasks: workers.count, threads: workers.count) { task in
      do throws(VectorError) {
        try workers[task].run()
      } catch {
        lock.withLock {
          // Kept before the others are told, so that what they say then is never taken for the reason.
          if failure == nil { failure = error }
          job.fail()
        }
      }
    }
    if let failure { throw failure }
  }

  private func append(_ list: UnsafeBufferPointer<Neighbor>, to answers: NeighborLists) throws(VectorError) {
    guard answers.append(list) else {
      throw VectorError(.outOfMemory, "no memory for the answer of the search")
    }
  }
}
