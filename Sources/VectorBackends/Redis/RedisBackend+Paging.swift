import Resilience
import Support
import VectorModel

extension RedisBackend {
  /// Keys that SCAN looks at in one request at most, about.
  private static let keysAtOnce = 1000
  /// No token holds more bytes of ids.
  private static let tokenBytes = 40_000

  /// One page by SCAN, which sees every record that is there all the time, whatever else changes. Where the server was restarted
  /// since the page before, its cursor means nothing any more: then the pages begin anew.
  package func page(
    _ request: PageRequest, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> ResultColumns {
    let index = try state.opened
    try check(namespace, index)
    // Pages test records themselves; what a search refuses they refuse as well.
    let query = try compiled(request.filter, context)
    var include = request.include
    if request.filter != nil { include.insert(.metadata) }
    let pager = RedisPager(
      index, RedisProjection(index, include, tellsPresence: true), namespace, request.filter, limit: request.limit)
    let results = try ResultColumns(kind: .page, dimensions: index.shape.dimensions, include: request.include)
    if query.matching == .none {
      try results.endQuery()
      return results
    }
    var token: RedisPageToken? = nil
    if !request.token.isEmpty {
      guard let given = RedisPageToken(request.token) else {
        throw VectorError(.invalidArgument, "the page token is not one of this database: pass what the last page gave")
      }
      token = given
    }
    // The filter may need metadata that the answer does not have.
    let rows = try ResultColumns(kind: .page, dimensions: index.shape.dimensions, include: include)
    var next = token ?? RedisPageToken(server: 0, cursor: 0)
    var isFirst = true
    repeat {
      if !next.ids.isEmpty {
        let ids = next.ids
        next.ids = []
        next.ids = try read(ids, pager, rows, context)
      } else if !next.isLast {
        let room = pager.limit - rows.rowCount
        let scan = try scan(next, pager, count: min(max(room, 10), Self.keysAtOnce), asksServer: isFirst, context)
        isFirst = false
        if next.server != 0 || next.cursor != 0, scan.server != next.server {
          next = RedisPageToken(server: scan.server, cursor: 0)
          continue
        }
        next = RedisPageToken(server: scan.server, cursor: scan.cursor, isLast: scan.cursor == 0, ids: scan.ids)
        next.ids = try read(next.ids, pager, rows, context)
      }
      if let interruption = context.interruption() { throw VectorError(interruption) }
    } while rows.rowCount < pager.limit && !(next.isLast && next.ids.isEmpty)
    try results.take(rows)
    if !(next.isLast && next.ids.isEmpty) { try results.setNextPage(next.text) }
    try results.endQuery()
    return results
  }

  /// One step of SCAN.
  private func scan(
    _ from: RedisPageToken, _ pager: RedisPager, count: Int, asksServer: Bool, _ context: CallContext
  ) throws(VectorError) -> (server: UInt64, cursor: UInt64, ids: [ByteString]) {
    var commands = RedisCommands()
    if asksServer { commands.command("INFO", "server") }
    commands.command(
      "SCAN", ByteString("\(from.cursor)"), "MATCH", pager.pattern, "COUNT", ByteString("\(count)"), "TYPE", "hash")
    return try run(.page, context) { connection, context throws(AttemptFailure) in
      var server = asksServer ? RedisPager.unknownServer : from.server
      var scan: (cursor: UInt64, ids: [ByteString])?
      var failure: AttemptFailure?
      var number = 0
      try connection.exchange(commands, context) { reply in
        number += 1
        if number < commands.count {
          // Who may not ask may still page.
          if let text = reply.bytes { server = RedisPager.server(in: text) }
        } else if let error = reply.error {
          failure = RedisFailure.answered(error)
        } else {
          scan = pager.read(reply)
        }
      }
      if let failure { throw failure }
      guard let scan else { throw RedisFailure.unexpected("SCAN gives no cursor") }
      return (server, scan.cursor, scan.ids)
    }
  }

  /// Appends the records of ids, as many as fit; returns those that are left.
  private func read(
    _ ids: [ByteString], _ pager: RedisPager, _ rows: ResultColumns, _ context: CallContext
  ) throws(VectorError) -> [ByteString] {
    var start = 0
    // What no token could hold makes the page longer than it was to be.
    let isTooMuch = ids.reduce(0) { $0 + $1.count + 2 } > Self.tokenBytes
    let limit = isTooMuch ? rows.rowCount + ids.count : pager.limit
    while start < ids.count, rows.rowCount < limit {
      let piece = ids[start..<min(start + limit - rows.rowCount, ids.count)]
      let mark = rows.mark
      var commands = RedisCommands()
      for id in piece {
        id.bytes.withUnsafeBytes { commands.add(recordOf: $0, pager.index, pager.namespace, pager.projection) }
      }
      try run(.page, context) { connection, context throws(AttemptFailure) in
        rows.truncate(to: mark)
        try connection.askAll(commands, context) { (number, reply) throws(AttemptFailure) in
          do throws(VectorError) {
            try pager.append(piece[piece.startIndex + number], reply, to: rows)
          } catch { throw AttemptFailure(reading: error) }
        }
      }
      start = piece.endIndex
    }
    return Array(ids[start...])
  }
}

/// What the pages of one walk through a namespace have in common.
struct RedisPager {
  let index: RedisIndex
  let projection: RedisProjection
  let namespace: ByteString
  let limit: Int
  private let filter: Filter?

  /// A server that does not tell its name: taken to be always the same.
  static let unknownServer: UInt64 = 1

  init(_ index: RedisIndex, _ projection: RedisProjection, _ namespace: ByteString, _ filter: Filter?, limit: Int) {
    self.index = index
    self.projection = projection
    self.namespace = namespace
    self.filter = filter
    self.limit = limit
  }

  var pattern: ByteString { index.keys.pattern(of: namespace) }

  /// The reply of SCAN: its next cursor, and the ids of this namespace among the keys.
  func read(_ reply: RedisReply) -> (cursor: UInt64, ids: [ByteString])? {
    var elements = reply.elements
    guard let text = elements.next()?.bytes, let cursor = UInt64(String(decoding: text, as: UTF8.self)),
      let keys = elements.next(), keys.kind == .array
    else { return nil }
    let ids = keys.elements.compactMap { key -> ByteString? in
      guard let key = key.bytes, let parts = index.keys.parts(of: key), parts.id.count <= maxIDLength else {
        return nil
      }
      let isOwn = namespace.bytes.withUnsafeBytes { compareBytes($0, parts.namespace) == 0 }
      return isOwn ? ByteString(parts.id) : nil
    }
    return (cursor, ids)
  }

  /// Appends a record if it is one and matches.
  func append(_ id: ByteString, _ reply: RedisReply, to rows: ResultColumns) throws(VectorError) {
    let values = Array(reply.elements.map(Optional.some))
    guard projection.isRecord(values) else { return }
    let mark = rows.mark
    try withBytes(of: id) { (bytes) throws(VectorError) in try projection.append(id: bytes, values, to: rows) }
    guard let filter else { return }
    let blob = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: rows.metadata.elements.dropFirst(mark.metadata)))
    if try !MetadataBatch.parse(blob: blob).withEntry(0, { filter.matches($0) }) { rows.truncate(to: mark) }
  }

  /// A digest of the run of a server, from what INFO tells.
  static func server(in text: UnsafeRawBufferPointer) -> UInt64 {
    let lines = text.split { $0 == 0x0A || $0 == 0x0D }
    guard let line = lines.first(where: { $0.starts(with: Array("run_id:".utf8)) }) else { return unknownServer }
    let digits = line.dropFirst(7).prefix(16)
    return UInt64(String(decoding: digits, as: UTF8.self), radix: 16).map { max($0, 2) } ?? unknownServer
  }
}

extension ResultColumns {
  /// Takes over the rows of an answer that may hold more columns than this one is to have.
  fileprivate func take(_ rows: ResultColumns) throws(VectorError) {
    var isKept =
      ids.append(contentsOf: rows.ids.elements)
      && idOffsets.append(contentsOf: UnsafeBufferPointer(rebasing: rows.idOffsets.elements.dropFirst()))
    if include.contains(.metadata) {
      isKept =
        isKept && metadata.append(contentsOf: rows.metadata.elements)
        && metadataOffsets.append(contentsOf: UnsafeBufferPointer(rebasing: rows.metadataOffsets.elements.dropFirst()))
    }
    if include.contains(.vectors) { isKept = isKept && vectors.append(contentsOf: rows.vectors.elements) }
    guard isKept else { throw .resultOutOfMemory }
  }
}
