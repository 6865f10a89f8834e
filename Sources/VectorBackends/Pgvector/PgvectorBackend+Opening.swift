import Resilience
import Support
import VectorModel

extension RequestKind {
  /// Looking for a table changes nothing.
  fileprivate static let lookForTable = RequestKind("open", .read)
  fileprivate static let createTable = RequestKind("open", .control)
}

extension PgvectorBackend {
  package func open(_ request: OpenRequest, context: CallContext) throws(VectorError) -> CollectionShape {
    var catalog = try look(context)
    if catalog.table == nil {
      try create(request, catalog, context)
      catalog = try look(context)
      // From here on it exists, whoever made it.
      var request = request
      request.mode = .open
      return try accept(catalog, request)
    }
    return try accept(catalog, request)
  }

  /// The table's name for the server to resolve. Never fails once it was opened.
  private func sqlName() throws(VectorError) -> String {
    let table = try quotedIdentifier(settings.table, what: "the table's name")
    guard let schema = settings.schema else { return table }
    return try quotedIdentifier(schema, what: "option \"schema\"") + "." + table
  }

  /// What asks the catalog for the table. Never fails once it was opened.
  func lookStatements() throws(AttemptFailure) -> [PostgresStatement] {
    try local { () throws(VectorError) in
      PgvectorCatalog.statements(try sqlName(), vectorColumn: settings.vectorColumn)
    }
  }

  /// The catalog's answer of this moment.
  func look(_ context: CallContext) throws(VectorError) -> PgvectorCatalog {
    let statements = PgvectorCatalog.statements(try sqlName(), vectorColumn: settings.vectorColumn)
    return PgvectorCatalog(try executor.ask(.lookForTable, context, statements))
  }

  // MARK: An existing table

  /// Takes what was found for the table from now on, and tells its shape. Errors: `notFound`; `conflict` where it is not what options
  /// or `request` ask for.
  func accept(_ catalog: PgvectorCatalog, _ request: OpenRequest) throws(VectorError) -> CollectionShape {
    let title = PgvectorTable.title(settings.table)
    guard let found = catalog.table, let pgvector = catalog.pgvector else {
      throw VectorError(.notFound, "\(title) is gone, or pgvector is")
    }
    let vector = try column(catalog, settings.vectorColumn, "vector_column", title)
    guard vector.type == "vector" else {
      throw VectorError(
        .conflict,
        "\(title): column \(quoted(settings.vectorColumn)) is of type \(quoted(vector.type)), expected vector")
    }
    let shape = try request.check(
      title, dimensions: vector.modifier > 0 ? vector.modifier : nil, metric: catalog.metric(asked: request.metric))
    let idColumn = try column(catalog, settings.idColumn, "id_column", title)
    guard let idType = PgvectorIDType(column: idColumn.type) else {
      throw VectorError(
        .conflict,
        "\(title): column \(quoted(settings.idColumn)) is of type \(quoted(idColumn.type)), expected text, bigint or uuid"
      )
    }
    if let asked = settings.idType, asked != idType {
      throw VectorError(
        .conflict, "\(title) has ids of type \(idType.rawValue), option \"id_type\" asks for \(asked.rawValue)")
    }
    let metadata = catalog.columns[settings.metadataColumn]
    if let metadata, metadata.type != "jsonb" {
      throw VectorError(
        .conflict,
        "\(title): column \(quoted(settings.metadataColumn)) is of type \(quoted(metadata.type)), expected jsonb")
    }
    let hasNamespaces = catalog.columns[settings.namespaceColumn] != nil
    if !hasNamespaces, settings.namespaceColumn != PgvectorSettings.reservedNamespaceColumn {
      _ = try column(catalog, settings.namespaceColumn, "namespace_column", title)
    }
    learn(
      PgvectorTable(
        schema: found.schema, name: found.name,
        columns: (
          settings.idColumn.text, settings.vectorColumn.text, metadata == nil ? nil : settings.metadataColumn.text,
          hasNamespaces ? settings.namespaceColumn.text : nil
        ), idType: idType, shape: shape, pgvector: pgvector,
        index: catalog.indexes.filter { $0.metric == shape.metric }.min { $0.kind == .hnsw && $1.kind == .ivf },
        isCopyable: idType == .text && metadata != nil))
    return shape
  }

  private func column(
    _ catalog: PgvectorCatalog, _ name: ByteString, _ option: String, _ title: String
  ) throws(VectorError) -> PgvectorCatalog.Column {
    guard let column = catalog.columns[name] else {
      throw VectorError(.conflict, "\(title) has no column \(quoted(name)): option \"\(option)\" names another")
    }
    return column
  }

  // MARK: A new table

  private func create(
    _ request: OpenRequest, _ catalog: PgvectorCatalog, _ context: CallContext
  ) throws(VectorError) {
    let shape = try request.shapeToCreate(PgvectorTable.title(settings.table))
    var pgvector = catalog.pgvector
    if pgvector == nil { pgvector = try makeExtension(context) }
    guard let pgvector else { return }
    let creation = PgvectorCreation(
      settings: settings, shape: shape, pgvector: pgvector, table: try sqlName())
    let ddl = try creation.statements(request.index)
    let statements = ddl.map { PostgresStatement($0) }
    do throws(VectorError) {
      _ = try executor.ask(.createTable, context, statements)
    } catch {
      // Somebody else, or an attempt that nobody heard of, was faster. Whoever wanted to create it is told.
      guard error.status == .backend, try look(context).table != nil else { throw error }
      if request.mode == .create, error.details?.attempts == 1 {
        throw VectorError(
          .alreadyExists, "\(PgvectorTable.title(settings.table)) was created by somebody else meanwhile")
      }
    }
  }

  private func makeExtension(_ context: CallContext) throws(VectorError) -> PgvectorExtension {
    var failure: VectorError?
    do throws(VectorError) {
      _ = try executor.ask(.createTable, context, [PostgresStatement("CREATE EXTENSION IF NOT EXISTS vector")])
    } catch {
      failure = error
    }
    // Two sessions at once disturb each other, and then it is there all the same.
    if let pgvector = try look(context).pgvector { return pgvector }
    switch failure?.status {
    case .permissionDenied?:
      throw VectorError(
        .permissionDenied,
        "the database has no extension \"vector\", and this role may not create it: CREATE EXTENSION vector, as its owner"
      )
    case .unsupported?:
      throw VectorError(.unsupported, "the server has no pgvector: install it there, then CREATE EXTENSION vector")
    default: throw failure ?? VectorError(.backend, "the extension \"vector\" was created and is not there")
    }
  }
}
