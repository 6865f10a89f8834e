import Support
import VectorModel

/// How much is asked for at a time, and the expressions that choose records.
enum MilvusReading {
  /// Ids that one expression names: half a megabyte, were all of them as long as they may be.
  static let idsARequest = 1000
  /// Bytes that the answer to one request should not exceed by much.
  private static let answerBytes = 16 << 20

  /// Rows to ask for at a time.
  static func rowsARequest(_ collection: MilvusCollection, _ include: Include) -> Int {
    let row = 1024 + (include.contains(.vectors) ? collection.shape.dimensions * MemoryLayout<Float>.size : 0)
    return min(max(answerBytes / row, 1), idsARequest)
  }

  /// Queries to send at a time, each with `k` answers.
  static func queriesARequest(_ collection: MilvusCollection, k: Int, _ include: Include) -> Int {
    let vector = collection.shape.dimensions * MemoryLayout<Float>.size
    let hit = 600 + (include.contains(.vectors) ? vector : 0)
    let perQuery = max(vector, hit * min(k, MilvusBackend.maxTopK))
    return min(max(answerBytes / perQuery, 1), MilvusBackend.maxTopK)
  }

  /// `id in ["a", "b"]`, for the primary keys of some ids.
  static func expression(
    _ field: String, _ ids: PackedStrings, _ range: Range<Int>, _ place: MilvusPlace
  ) -> [UInt8] {
    var text = MilvusText()
    text.add("\(field) in ")
    text.addList(range.lazy.map { place.key(of: ids[$0]) })
    return text.bytes
  }

  /// The records of a namespace for which a compiled filter holds. Never empty: some servers want a condition.
  static func expression(
    _ collection: MilvusCollection, _ place: MilvusPlace, _ filter: MilvusFilter.Compiled
  ) -> [UInt8] {
    let all = place.condition(collection.idField)
    guard case .expression(let text) = filter else { return all }
    return MilvusFilter.tree([all, text], Array(" and ".utf8))
  }

  /// The same, without what the partition says already.
  static func condition(_ collection: MilvusCollection, _ filter: MilvusFilter.Compiled) -> [UInt8] {
    if case .expression(let text) = filter { return text }
    return Array("(\(collection.idField) != \"\")".utf8)
  }
}
