import CSupport
import Resilience
import Support
import VectorModel

extension ChromaBackend {
  package func upsert(
    _ batch: RecordBatch, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    try collection.reaching(context) { (known, path) throws(VectorError) in
      if !namespace.isEmpty { collection.sawNamed() }
      var parts = WriteParts(count: batch.recordCount)
      var from = 0
      while from < batch.ids.count {
        let items = nextItems(batch, &from, known)
        do throws(VectorError) {
          try write(batch, items, namespace, known, path, context, &parts)
        } catch {
          try parts.stop(error, at: items)
          break
        }
        if !parts.outcome.failures.isEmpty, parts.outcome.notAttempted > 0 { break }
      }
      return try batch.outcome(of: parts.finished())
    }
  }

  package func updateMetadata(
    ids: PackedStrings, changes: MetadataBatch, replace: Bool, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    try collection.reaching(context) { (known, path) throws(VectorError) in
      let repeated = try RepeatedIDs(ids, context: context)
      let stored = (0..<ids.count).map { ChromaNames.storedID(ids[$0], in: namespace) }
      var keys = try oldKeys(.updateMetadata, stored, known, path, context)
      if let item = stored.indices.first(where: { keys[stored[$0]] == nil }) {
        var error = VectorError(.notFound, "there is no record \(quoted(ids[item]))", index: item)
        error.details = VectorError.RemoteDetails(applied: .no)
        throw error
      }
      // Changes of a repeated id apply in order: the first of each in one round, the second in the next.
      var parts = WriteParts(count: ids.count)
      var round = Array((0..<ids.count).filter { repeated?.isFirst($0) ?? true })
      while !round.isEmpty {
        var from = 0
        while from < round.count {
          let items = Array(round[from..<min(from + known.limits.maxBatch, round.count)])
          from += items.count
          let old = items.map { item in
            let keys = keys[stored[item]] ?? []
            return replace ? keys : changes.withEntry(item) { ChromaMetadata.fields(of: $0, among: keys) }
          }
          do throws(VectorError) {
            let outcome = try requests.sendBatch(.updateMetadata, items: items.count, "\(path)/update", context) {
              (pending) throws(VectorError) in
              let places = (0..<pending.count).map { pending[$0] }
              return try ChromaBodies.update(
                ids: places.map { stored[items[$0]] }, changes, places.map { items[$0] }, old: places.map { old[$0] },
                lists: known.lists)
            }
            try parts.add(outcome, of: items)
          } catch {
            try parts.stop(error, at: items)
            return parts.finished()
          }
        }
        round = round.compactMap { repeated?.next(after: $0) }
        guard !round.isEmpty else { break }
        do throws(VectorError) {
          keys = try oldKeys(.updateMetadata, round.map { stored[$0] }, known, path, context)
        } catch {
          try parts.stop(error, at: round)
          return parts.finished()
        }
      }
      return parts.finished()
    }
  }

  package func delete(
    ids: PackedStrings, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    try collection.reaching(context) { (known, path) throws(VectorError) in
      // With a filter the server counts the records it found; without one, the ids it was given.
      let own = ChromaFilter.everything.within(namespace)
      var outcome = WriteOutcome(applied: 0, deleted: 0)
      var from = 0
      while from < ids.count {
        let items = from..<min(from + known.limits.maxBatch, ids.count)
        let body = try ChromaBodies.delete(
          ids: items.map { ChromaNames.storedID(ids[$0], in: namespace) }, matching: own)
        do throws(VectorError) {
          let deleted = try delete(.delete, body, path, context)
          outcome.deleted = outcome.deleted.flatMap { before in deleted.map { before + $0 } }
        } catch {
          guard outcome.applied > 0 else { throw error }
          let reason = outcome.failures.addReason(error.status, error.message)
          for item in items where !outcome.failures.add(item, reason: reason) { throw .resultOutOfMemory }
          outcome.notAttempted = ids.count - items.upperBound
          return outcome
        }
        outcome.applied += items.count
        from = items.upperBound
      }
      return outcome
    }
  }

  package func delete(
    matching filter: Filter, namespace: ByteString, context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    try deleteAll(.deleteWhere, try ChromaFilter(filter, collection.lists), namespace, context)
  }

  package func clear(namespace: ByteString, context: CallContext) throws(VectorError) {
    _ = try deleteAll(.clear, .everything, namespace, context)
  }

  // MARK: - Deleting

  /// Records deleted by one request: the server takes 0.1 ms and more for each, and an attempt has a timeout.
  private static let deletesAtOnce = 10_000

  private func deleteAll(
    _ kind: RequestKind, _ filter: ChromaFilter, _ namespace: ByteString, _ context: CallContext
  ) throws(VectorError) -> WriteOutcome {
    if filter == .nothing { return WriteOutcome(applied: 0, deleted: 0) }
    let body = try ChromaBodies.delete(matching: filter.within(namespace), limit: Self.deletesAtOnce)
    return try collection.reaching(context) { (_, path) throws(VectorError) in
      var total = 0
      var isCounted = true
      while true {
        do throws(VectorError) {
          let deleted = try delete(kind, body, path, context)
          total += deleted ?? 0
          if deleted == nil { isCounted = false }
          if let deleted, deleted < Self.deletesAtOnce { break }
        } catch {
          guard total > 0 else { throw error }
          var error = error
          var details = error.details ?? VectorError.RemoteDetails()
          details.applied = .partly
          error.details = details
          throw error
        }
      }
      return WriteOutcome(applied: total, deleted: isCounted ? total : nil)
    }
  }

  /// Sends one delete. nil when an attempt before the last may have deleted records that the answer does not count.
  private func delete(
    _ kind: RequestKind, _ body: ColumnBuffer<UInt8>, _ path: String, _ context: CallContext
  ) throws(VectorError) -> Int? {
    var attempts = 0
    let deleted = try requests.send(kind, .post, "\(path)/delete", context, body: body, attempts: &attempts) {
      ChromaAnswers.deleted($0)
    }
    return attempts == 1 ? deleted : nil
  }

  // MARK: - Upserting

  /// Bytes of a body aimed at.
  private static let bodyBytes = 12 << 20
  /// The server refuses bodies above 40 MiB.
  private static let maxBodyBytes = 39 << 20
  /// Existing records that one request replaces: the server mends its graph for each, which takes it some milliseconds.
  private static let replacedAtOnce = 500

  /// The next items that are the last of their id, as many as go into one request.
  private func nextItems(_ batch: RecordBatch, _ from: inout Int, _ known: ChromaCollection.Known) -> [Int] {
    let row = known.limits.takesBase64 ? vdb_base64_length(known.shape.dimensions * 4) : known.shape.dimensions * 12
    var items: [Int] = []
    var bytes = 0
    while from < batch.ids.count, items.count < known.limits.maxBatch, bytes < Self.bodyBytes {
      if batch.isWritten(from) {
        items.append(from)
        // Text may become longer when it is escaped.
        bytes += row + 2 * batch.ids[from].count + batch.metadata.withEntry(from) { 2 * $0.count } + 10
      }
      from += 1
    }
    return items
  }

  /// Writes items that go into one request, or into several where they replace many.
  private func write(
    _ batch: RecordBatch, _ items: [Int], _ namespace: ByteString, _ known: ChromaCollection.Known, _ path: String,
    _ context: CallContext, _ parts: inout WriteParts
  ) throws(VectorError) {
    let stored = items.map { ChromaNames.storedID(batch.ids[$0], in: namespace) }
    // Chroma merges metadata: keys of before have to be taken away by name.
    let old = try oldKeys(.upsert, stored, known, path, context)
    var from = 0
    var most = items.count
    while from < items.count {
      var end = from
      var replaced = 0
      while end < items.count, end - from < most, replaced < Self.replacedAtOnce {
        if !old.isEmpty, old[stored[end]] != nil { replaced += 1 }
        end += 1
      }
      let piece = Array(items[from..<end])
      do throws(VectorError) {
        let whole = try ChromaBodies.upsert(
          batch, piece, stored: stored[from..<end], namespace: namespace, old: old, lists: known.lists,
          base64: known.limits.takesBase64)
        if whole.count > Self.maxBodyBytes {
          guard piece.count > 1 else {
            throw VectorError(
              .tooLarge, "the record takes \(whole.count) bytes: Chroma takes requests of \(Self.maxBodyBytes)",
              index: piece[0])
          }
          most = piece.count / 2
          continue
        }
        let outcome = try requests.sendBatch(.upsert, items: piece.count, "\(path)/upsert", context) {
          (pending) throws(VectorError) in
          if pending.count == piece.count { return whole }
          let rest = (0..<pending.count).map { pending[$0] }
          return try ChromaBodies.upsert(
            batch, rest.map { piece[$0] }, stored: rest.map { stored[from + $0] }[...], namespace: namespace, old: old,
            lists: known.lists, base64: known.limits.takesBase64)
        }
        try parts.add(outcome, of: piece)
      } catch {
        try parts.stop(error, at: piece)
        return
      }
      if parts.outcome.notAttempted > 0 { return }
      from = end
    }
  }

  /// The keys of the metadata fields that records have now, by stored id, for those that exist.
  private func oldKeys(
    _ kind: RequestKind, _ stored: [ByteString], _ known: ChromaCollection.Known, _ path: String,
    _ context: CallContext
  ) throws(VectorError) -> [ByteString: [ByteString]] {
    var keys: [ByteString: [ByteString]] = [:]
    var from = 0
    while from < stored.count {
      let some = Array(stored[from..<min(from + known.limits.maxBatch, stored.count)])
      let body = try ChromaBodies.get(ids: some, include: ["metadatas"])
      do throws(VectorError) {
        let found = try requests.send(kind.reading, .post, "\(path)/get", context, body: body) {
          (value) throws(ChromaAnswers.Violation) in try ChromaAnswers.keys(value)
        }
        keys.merge(found) { _, new in new }
      } catch {
        throw error.beforeWriting
      }
      from += some.count
    }
    return keys.mapValues { keys in keys.filter { ChromaNames.key(ofStored: $0) != nil } }
  }
}

extension RequestKind {
  /// The look at what is there, before a write of the same operation.
  fileprivate var reading: RequestKind { RequestKind(operation, .read) }
}

extension RecordBatch {
  /// The outcome of the batch, from that of the items that were written: one that another of its id follows shares its fate.
  fileprivate func outcome(of written: WriteOutcome) throws(VectorError) -> WriteOutcome {
    guard let selection else { return written }
    var outcome = written
    let failed = Dictionary(
      written.failures.items.elements.map { ($0.index, $0.reason) }, uniquingKeysWith: { first, _ in first })
    guard !failed.isEmpty || written.notAttempted > 0 else {
      outcome.applied = ids.count
      return outcome
    }
    for item in 0..<ids.count where !isWritten(item) {
      var last = item
      while let next = selection.next(after: last) { last = next }
      if let reason = failed[last] {
        guard outcome.failures.add(item, reason: reason) else { throw .resultOutOfMemory }
      }
    }
    outcome.failures.sort()
    // Those of items that were not attempted cannot be told from those that were applied: none of them counts as applied.
    outcome.notAttempted = ids.count - outcome.applied - outcome.failures.count
    return outcome
  }
}
