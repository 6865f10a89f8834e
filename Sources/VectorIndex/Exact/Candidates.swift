import CSupport
import VectorModel

/// What one worker knows about one query: rows that may be among the k nearest, and the nearest found exactly so far.
///
/// Rows that pass the cut wait in a short list. When it is full it is thinned by the scores alone; only when many are too
/// close to tell apart are their exact distances computed. So memory is bounded whatever the data, and few rows are looked
/// at twice.
struct Candidates {
  /// Rows that can wait for a k: room for k that surely stay and as many again that may not.
  static func capacity(k: Int) -> Int { 3 * k + 64 }

  private let rule: SelectionRule
  private let distance: ExactDistance
  private let k: Int
  private let capacity: Int
  private let scores: UnsafeMutablePointer<Float>
  private let waiting: UnsafeMutablePointer<RowReference>
  private var waitingCount = 0
  private(set) var nearest: NearestHeap
  /// Rows that score below it are not wanted.
  private(set) var cut = -Float.infinity

  /// The memory is the owner's: `capacity(k)` scores and references, k neighbours.
  init(
    rule: SelectionRule, distance: ExactDistance, k: Int, scores: UnsafeMutablePointer<Float>,
    waiting: UnsafeMutablePointer<RowReference>, nearest: UnsafeMutablePointer<Neighbor>
  ) {
    self.rule = rule
    self.distance = distance
    self.k = k
    self.capacity = Candidates.capacity(k: k)
    self.scores = scores
    self.waiting = waiting
    self.nearest = NearestHeap(items: nearest, capacity: k)
  }

  /// Adds a row that passed the cut.
  @inline(__always)
  mutating func add(_ reference: RowReference, score: Float, _ job: SearchJob, _ spare: ScratchMemory<Float>)
    throws(VectorError)
  {
    scores[waitingCount] = score
    waiting[waitingCount] = reference
    waitingCount += 1
    if waitingCount == capacity { try thin(job, spare) }
  }

  /// Settles every waiting row: afterwards `nearest` holds the k nearest of all rows added.
  mutating func finish(_ job: SearchJob, _ spare: ScratchMemory<Float>) throws(VectorError) {
    raiseCut(job, spare)
    try measure(job)
  }

  /// Adds a neighbour that another worker measured.
  mutating func merge(_ neighbor: Neighbor, _ compareIDs: RowOrder) { nearest.add(neighbor, compareIDs) }

  /// The nearest found, nearest first; to be asked once, last.
  mutating func sorted(_ job: SearchJob) throws(VectorError) -> UnsafeBufferPointer<Neighbor> {
    try nearest.sort(job.compareIDs) { () throws(VectorError) in try job.pause() }
    return nearest.elements
  }

  private mutating func thin(_ job: SearchJob, _ spare: ScratchMemory<Float>) throws(VectorError) {
    raiseCut(job, spare)
    if waitingCount > capacity / 2 { try measure(job) }
  }

  /// Raises the cut to what the k-th best lower bound allows and drops the rows below it.
  private mutating func raiseCut(_ job: SearchJob, _ spare: ScratchMemory<Float>) {
    guard waitingCount > k else { return }
    for i in 0..<waitingCount {
      let bound = rule.lowerBound(score: scores[i], norm: job.norm(waiting[i]))
      spare.base[i] = Float(bound).nextDown
    }
    let reached = kthLargest(spare.base, count: waitingCount, k: k)
    let raised = rule.cut(reached: Double(reached))
    if raised > cut { cut = raised }
    var kept = 0
    for i in 0..<waitingCount where !(scores[i] < cut) {
      scores[kept] = scores[i]
      waiting[kept] = waiting[i]
      kept += 1
    }
    waitingCount = kept
  }

  /// Computes the exact distance of every waiting row; a copy of the row before it has that row's.
  private mutating func measure(_ job: SearchJob) throws(VectorError) {
    var before: (row: UnsafeRawPointer, score: Float, distance: Float)?
    for i in 0..<waitingCount {
      let reference = waiting[i]
      let row = job.row(reference)
      let measured: Float
      if let before, before.score == scores[i], vdb_compare_memory(before.row, row, job.dimensions * 4) == 0 {
        measured = before.distance
      } else {
        measured = distance(row)
      }
      before = (row, scores[i], measured)
      nearest.add(Neighbor(reference: reference, distance: measured), job.compareIDs)
      if (i + 1) % job.rowsBetweenPauses == 0 { try job.pause() }
    }
    waitingCount = 0
    if let limit = nearest.limit {
      let raised = rule.cut(distance: limit)
      if raised > cut { cut = raised }
    }
  }
}

/// The k-th largest of `count` ≥ k numbers, none of them NaN; reorders them. Expected O(count).
func kthLargest(_ values: UnsafeMutablePointer<Float>, count: Int, k: Int) -> Float {
  var low = 0
  var high = count - 1
  let target = k - 1
  while low < high {
    let pivot = values[low + (high - low) / 2]
    var i = low
    var j = high
    while i <= j {
      while values[i] > pivot { i += 1 }
      while values[j] < pivot { j -= 1 }
      if i <= j {
        (values[i], values[j]) = (values[j], values[i])
        i += 1
        j -= 1
      }
    }
    if target <= j { high = j } else if target >= i { low = i } else { return values[target] }
  }
  return values[target]
}
