// Every path of the search on seeded data: prints the level in use and a hash of the bits of all answers, which must be the
// same on every processor and for every table it can run. For scripts/check-qemu.

import Glibc
import Support
import VectorIndex
import VectorKernels
import VectorModel

/// FNV-1a over 64-bit words.
struct Digest {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ word: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      value = (value ^ (word >> shift & 0xff)) &* 0x100_0000_01b3
    }
  }
}

/// Seeded floats that no library function touches: the same on every machine.
struct Numbers {
  private var state: UInt64 = 2026

  mutating func next() -> Float {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(Int32(truncatingIfNeeded: state >> 33) - (1 << 30)) * 0x1p-30
  }

  mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
}

/// Digest of all searches with one table.
func digest(_ table: KernelTable) throws(VectorError) -> UInt64 {
  var digest = Digest()
  var numbers = Numbers()
  for dimensions in [1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 64, 100, 384, 515, 1030] {
    let count = 211
    let rows = numbers.floats(count * dimensions)
    let queries = numbers.floats(9 * dimensions)
    let mask: [UInt64] = [0x0f0f_ffff_0000_1248, ~0, 1, 0x7777_0000]
    let norms = (0..<count).map { row in
      Array(rows[row * dimensions..<(row + 1) * dimensions]).withUnsafeBytes { bytes in
        bytes.baseAddress.map { RowNumbers.compute($0, dimensions: dimensions).norm } ?? 0
      }
    }
    for metric in Metric.allCases {
      for (queryCount, k) in [(1, 5), (2, 211), (9, 5), (9, 400)] {
        for masked in [false, true] {
          let found = try search(
            table, metric, rows, norms, queries, mask: masked ? mask : nil, count: queryCount, k: k)
          for word in found { digest.add(word) }
        }
      }
    }
  }
  return digest.value
}

/// Rows and distance bits of one search, query after query.
func search(
  _ table: KernelTable, _ metric: Metric, _ rows: [Float], _ norms: [Float], _ queries: [Float], mask: [UInt64]?,
  count: Int, k: Int
) throws(VectorError) -> [UInt64] {
  let dimensions = rows.count / norms.count
  // Memory of its own: arrays of Swift lend theirs to closures that cannot throw a typed error.
  let memory = UnsafeMutablePointer<Float>.allocate(capacity: rows.count + norms.count + queries.count)
  let words = UnsafeMutablePointer<UInt64>.allocate(capacity: 4)
  defer {
    memory.deallocate()
    words.deallocate()
  }
  for (i, x) in (rows + norms + queries).enumerated() { memory[i] = x }
  for (i, word) in (mask ?? [0, 0, 0, 0]).enumerated() { words[i] = word }
  let block = RowBlock(
    vectors: memory, stride: dimensions, norms: memory + rows.count, count: norms.count,
    mask: mask == nil ? nil : UnsafePointer(words))
  let lists = try ExactSearch(metric: metric, dimensions: dimensions, kernels: table).search(
    queries: VectorRows(
      base: memory + rows.count + norms.count, count: count, dimensions: dimensions, strideBytes: dimensions * 4),
    k: k, blocks: [block], compareIDs: { Int($0.row) - Int($1.row) }, threads: 1, context: .unbounded)
  var found: [UInt64] = []
  for query in 0..<lists.count {
    for neighbor in lists[query] {
      found.append(UInt64(neighbor.reference.row) << 32 | UInt64(neighbor.distance.bitPattern))
    }
  }
  return found
}

do throws(VectorError) {
  var digests: [UInt64] = []
  for table in KernelTable.supported { digests.append(try digest(table)) }
  let names = KernelTable.supported.map(\.level.rawValue).joined(separator: "+")
  if Set(digests).count == 1, let value = digests.first {
    print("\(KernelTable.active.level.rawValue) (\(names)) \(String(value, radix: 16))")
  } else {
    print("\(KernelTable.active.level.rawValue) (\(names)) different bits: \(digests)")
    exit(1)
  }
} catch {
  print("failed: \(error.message)")
  exit(1)
}
