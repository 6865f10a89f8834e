import Resilience
import Support
import VectorModel

extension RedisBackend {
  /// Waits until the server has indexed everything, and tells of records it could not index.
  package func flush(context: CallContext) throws(VectorError) {
    while true {
      guard let info = try look(.flush, context) else {
        throw VectorError(.notFound, "index \(quoted(settings.index)) is gone")
      }
      if !info.isIndexing {
        let failures = state.newFailures(info.failures)
        guard failures == 0 else {
          throw VectorError(
            .backend, "Redis could not index \(failures) hashes under the prefix of index \(quoted(settings.index))")
        }
        return
      }
      try RedisPause.wait(milliseconds: 20, context)
    }
  }

  package func probe(context: CallContext) throws(VectorError) {
    var commands = RedisCommands()
    commands.command("PING")
    try run(.probe, context) { connection, context throws(AttemptFailure) in
      try connection.ask(commands, context) { (_) throws(AttemptFailure) in }
    }
  }

  /// An index of Redis is what it was made as.
  package func createIndex(_ spec: IndexSpec, context: CallContext) throws(VectorError) {
    let kind = try state.opened.algorithm
    if spec.kind == .auto || spec.kind.rawValue == kind.rawValue { return }
    throw VectorError(
      .unsupported, "index \(quoted(settings.index)) is \"\(kind.rawValue)\": Redis decides that when it is created")
  }

  package func collections(context: CallContext) throws(VectorError) -> [ByteString] {
    var commands = RedisCommands()
    commands.command("FT._LIST")
    return try run(.collections, context) { connection, context throws(AttemptFailure) in
      try connection.ask(commands, context) { (reply) throws(AttemptFailure) in
        reply.elements.compactMap { $0.bytes.map { ByteString($0) } }.sorted()
      }
    }
  }

  /// The tags of the namespace field, each asked for a record: the engine remembers tags whose records are gone.
  package func namespaces(context: CallContext) throws(VectorError) -> [ByteString] {
    let index = try state.opened
    guard index.isOurs else { return [ByteString([])] }
    var commands = RedisCommands()
    commands.command("FT.TAGVALS", settings.index, RedisColumn.namespaceField)
    let tags = try run(.namespaces, context) { connection, context throws(AttemptFailure) in
      try connection.ask(commands, context) { (reply) throws(AttemptFailure) in
        reply.elements.compactMap { $0.bytes.map { ByteString($0) } }
      }
    }
    var names: Set<ByteString> = []
    for start in stride(from: 0, to: tags.count, by: 256) {
      let piece = tags[start..<min(start + 256, tags.count)]
      names.formUnion(
        try run(.namespaces, context) { connection, context throws(AttemptFailure) in
          var searches = RedisCommands()
          for tag in piece { searches.add(oneRecordOf: tag, settings.index, context) }
          var found: [ByteString] = []
          try connection.askAll(searches, context) { (_, reply) throws(AttemptFailure) in
            var elements = reply.elements
            _ = elements.next()
            guard let key = elements.next()?.bytes, let parts = index.keys.parts(of: key) else { return }
            found.append(ByteString(parts.namespace))
          }
          return found
        })
    }
    return names.sorted()
  }
}

extension RedisCommands {
  /// Looks for one record with a tag as its namespace.
  fileprivate mutating func add(oneRecordOf tag: ByteString, _ index: ByteString, _ context: CallContext) {
    var query = RedisQuery()
    query.matching = .query
    query.text = Array("(@".utf8) + RedisColumn.namespaceField.bytes + Array(":{$p0})".utf8)
    query.parameters = [RedisQuery.literal(tag)]
    add(search: query, index, limit: 1, context)
  }
}
