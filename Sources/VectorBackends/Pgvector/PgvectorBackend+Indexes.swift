import Resilience
import Support
import VectorModel

extension PgvectorBackend {
  /// Builds an index beside the work of others; nothing where there is one of that kind already.
  ///
  /// What a build that was interrupted left behind is taken away first: it serves no search, costs every write, and has the name
  /// that the new one would get. Somebody else's build is waited for instead.
  package func createIndex(_ index: IndexSpec, context: CallContext) throws(VectorError) {
    let table = try table()
    if index.kind == .flat {
      guard let present = table.index else { return }
      throw VectorError(
        .unsupported,
        "backend \"pgvector\": the table \(quoted(table.name)) has an index \"\(present.kind.rawValue)\", which is not taken away"
      )
    }
    let wanted: PgvectorIndex.Kind = index.kind == .ivf ? .ivf : .hnsw
    let creation = PgvectorCreation(
      settings: settings, shape: table.shape, pgvector: table.pgvector, table: table.qualified)
    guard let statement = try creation.statement(index, table.vector, concurrently: true) else { return }
    do throws(RequestFailure) {
      try executor.run(.createIndex, context) { (connection, attempt) throws(AttemptFailure) in
        // As long as the call allows: a large table takes hours, in which nothing is heard of it.
        let patient = PostgresWaiting(
          CallContext(deadline: context.deadline, cancel: context.cancel, tally: context.tally))
        func isThere(_ catalog: PgvectorCatalog) -> Bool {
          // Another attempt may have got through although nobody heard of it.
          catalog.indexes.contains { $0.kind == wanted && $0.metric == table.shape.metric }
        }
        var catalog = PgvectorCatalog(try connection.run(lookStatements(), PostgresWaiting(attempt), mayApply: false))
        if isThere(catalog) { return }
        if !catalog.unfinished.isEmpty {
          let leftovers: [String]
          (catalog, leftovers) = try setAsideLeftovers(table, connection, patient)
          for name in leftovers {
            let drop = "DROP INDEX CONCURRENTLY IF EXISTS \(quotedIdentifier(table.schema)).\(quotedIdentifier(name))"
            _ = try connection.run([PostgresStatement(drop)], patient, mayApply: true)
          }
          if isThere(catalog) { return }
        }
        _ = try connection.run([PostgresStatement(statement)], patient, mayApply: true)
      }
    } catch {
      throw VectorError(error, of: .createIndex)
    }
    _ = try accept(look(context), OpenRequest(mode: .open, metric: table.shape.metric))
  }

  /// Waits until nobody builds an index of the table, and renames those that are unfinished then. The catalog as it is at that
  /// moment, and the new names.
  ///
  /// Who builds an index beside others holds the lock that is taken here until it is whole. Under it, what is unfinished stays so.
  /// It is dropped later and without that lock, which would keep all others out: so it gets a name that nobody else makes or drops.
  private func setAsideLeftovers(
    _ table: PgvectorTable, _ connection: PostgresConnection, _ waiting: PostgresWaiting
  ) throws(AttemptFailure) -> (PgvectorCatalog, [String]) {
    do throws(AttemptFailure) {
      let begin = [
        PostgresStatement("BEGIN ISOLATION LEVEL READ COMMITTED"),
        PostgresStatement("LOCK TABLE ONLY \(table.qualified) IN SHARE UPDATE EXCLUSIVE MODE"),
      ]
      let answers = try connection.run(begin + lookStatements(), waiting, mayApply: false)
      let catalog = PgvectorCatalog(Array(answers.dropFirst(begin.count)))
      var renaming: [PostgresStatement] = []
      var names: [String] = []
      for name in catalog.unfinished {
        let other = "vdb_unfinished_" + String(SystemEnvironment.shared.random(), radix: 36)
        let index = "\(quotedIdentifier(table.schema)).\(quotedIdentifier(name))"
        renaming.append(PostgresStatement("ALTER INDEX \(index) RENAME TO \(quotedIdentifier(other))"))
        names.append(other)
      }
      _ = try connection.run(renaming + [PostgresStatement("COMMIT")], waiting, mayApply: true)
      return (catalog, names)
    } catch {
      connection.rollBack()
      throw error
    }
  }
}
