import Glibc
import Support
import VectorBackends
import VectorModel

/// The options of backend "pgvector": how the server is reached, and which table it is.
struct PgvectorOptions {
  static let names = [
    "connection_string", "database", "host", "id_column", "id_type", "metadata_column", "metadata_index",
    "namespace_column", "password", "port", "prepared", "schema", "table_name", "url", "user", "vector_column",
  ]

  let server: PostgresSettings
  let table: PgvectorSettings
  /// Whether it says, or names a file that says, who asks.
  let hasPassword: Bool

  /// Errors: `invalidOption`.
  init(_ options: RemoteOptions, _ libpq: Libpq) throws(VectorError) {
    var server = try Self.server(options, libpq)
    hasPassword = server["password"] != nil || server["passfile"] != nil
    if !hasPassword, server["service"] == nil, getenv("PGPASSWORD") != nil {
      // It would be taken from there when the server asks for one, which fails this way, and tells nobody.
      server["password"] = "none"
    }
    self.server = server
    table = try Self.table(options)
  }

  // MARK: The table

  private static func table(_ options: RemoteOptions) throws(VectorError) -> PgvectorSettings {
    let schema = try name("schema", options)
    let given = try name("table_name", options)
    var settings = PgvectorSettings(table: given ?? options.name)
    settings.schema = schema
    if let given, schema == nil {
      // "schema.table"; a name that has a dot itself needs the option "schema" beside it.
      let parts = given.bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map {
        ByteString(Array($0))
      }
      guard parts.count < 3 else {
        throw VectorError(
          .invalidOption,
          "option \"table_name\" is \(quoted(given)), expected table or schema.table: give option \"schema\"")
      }
      if parts.count == 2 { (settings.schema, settings.table) = (parts[0], parts[1]) }
    }
    try check(settings.table, "table_name")
    if let schema = settings.schema { try check(schema, "schema") }
    settings.idColumn = try name("id_column", options) ?? settings.idColumn
    settings.vectorColumn = try name("vector_column", options) ?? settings.vectorColumn
    settings.metadataColumn = try name("metadata_column", options) ?? settings.metadataColumn
    settings.namespaceColumn = try name("namespace_column", options) ?? settings.namespaceColumn
    for (option, name) in [
      ("id_column", settings.idColumn), ("vector_column", settings.vectorColumn),
      ("metadata_column", settings.metadataColumn), ("namespace_column", settings.namespaceColumn),
    ] {
      try check(name, option)
    }
    let type = try options.choice("id_type", PgvectorIDType.allCases.map(\.rawValue))
    settings.idType = type.flatMap { PgvectorIDType(rawValue: $0) }
    settings.hasMetadataIndex = try options.boolean("metadata_index") ?? true
    return settings
  }

  private static func name(_ option: String, _ options: RemoteOptions) throws(VectorError) -> ByteString? {
    try options.text(option).map { ByteString($0) }
  }

  private static func check(_ name: ByteString, _ option: String) throws(VectorError) {
    _ = try quotedIdentifier(name, what: "option \"\(option)\"")
  }

  // MARK: The server

  private static func server(_ options: RemoteOptions, _ libpq: Libpq) throws(VectorError) -> PostgresSettings {
    var settings = PostgresSettings()
    if let mode = try options.choice("prepared", PostgresSettings.Prepared.allCases.map(\.rawValue)) {
      settings.prepared = PostgresSettings.Prepared(rawValue: mode) ?? .auto
    }
    let isAddressed = ["connection_string", "url", "host", "port", "user", "database"].contains { options.has($0) }
    for option in ["connection_string", "url"] {
      guard let text = try options.secret(option) else { continue }
      take(try libpq.parameters(of: text, option: option), from: .option, into: &settings, options)
    }
    if !isAddressed, let text = options.environment("DATABASE_URL"), isPostgres(text) {
      options.keepSecret(text)
      take(try libpq.parameters(of: text, option: "DATABASE_URL"), from: .environment, into: &settings, options)
    }
    for (option, keyword) in [("host", "host"), ("user", "user"), ("database", "dbname")] {
      if let value = try options.text(option) { settings[keyword] = value }
    }
    if let host = settings["host"], options.has("host"), !host.hasPrefix("/"), !host.utf8.contains(UInt8(ascii: ",")) {
      let address = try ServerAddress.hostAndPort(host, option: "host")
      settings["host"] = address.host
      if let port = address.port { settings["port"] = "\(port)" }
    }
    if let port = try options.integer("port", 1...65_535) { settings["port"] = "\(port)" }
    if let password = try options.secret("password") { settings["password"] = password }
    try complete(&settings, isAddressed: isAddressed, options)
    return settings
  }

  private static func isPostgres(_ url: String) -> Bool {
    url.hasPrefix("postgres://") || url.hasPrefix("postgresql://")
  }

  /// Takes the parts of a connection string, and tells those that are no secret.
  private static func take(
    _ parameters: [PostgresParameter], from source: RemoteOptions.Source, into settings: inout PostgresSettings,
    _ options: RemoteOptions
  ) {
    for parameter in parameters {
      settings[parameter.keyword] = parameter.value
      switch parameter.keyword {
      case "password", "sslpassword": options.keepSecret(parameter.value)
      case "host", "port", "user", "sslmode": options.note(parameter.keyword, parameter.value, source)
      case "dbname": options.note("database", parameter.value, source)
      default: break
      }
    }
  }

  /// Fills in what was not said: from the environment where that is allowed, else what libpq itself would take, so that it
  /// need not look into the environment: a password found there is not sent to a server that an option names.
  private static func complete(
    _ settings: inout PostgresSettings, isAddressed: Bool, _ options: RemoteOptions
  ) throws(VectorError) {
    let hasServer = settings["host"] != nil || settings["hostaddr"] != nil || settings["service"] != nil
    for (variable, keyword, option) in [
      ("PGHOST", "host", "host"), ("PGPORT", "port", "port"), ("PGUSER", "user", "user"),
      ("PGDATABASE", "dbname", "database"), ("PGSSLMODE", "sslmode", "sslmode"),
      ("PGSSLROOTCERT", "sslrootcert", "sslrootcert"),
    ] where settings[keyword] == nil {
      // The port belongs to the host.
      if hasServer, keyword == "host" || keyword == "port" { continue }
      guard let value = options.environment(variable) else { continue }
      settings[keyword] = value
      options.note(option, value, .environment)
    }
    if settings["service"] != nil { return }
    if !isAddressed, settings["password"] == nil, let password = options.environment("PGPASSWORD") {
      settings["password"] = password
      options.noteSecret("password", password, .environment)
    }
    if settings["host"] == nil, settings["hostaddr"] == nil, getenv("PGHOST") != nil || isAddressed {
      settings["host"] = "localhost"
      options.note("host", "localhost", .default)
    }
    if settings["port"] == nil { settings["port"] = "5432" }
    if settings["sslmode"] == nil { settings["sslmode"] = "prefer" }
    if settings["user"] == nil { settings["user"] = systemUser() }
    if settings["dbname"] == nil { settings["dbname"] = settings["user"] }
  }

  /// The name of the user that this process runs as.
  private static func systemUser() -> String? {
    var entry = passwd()
    var found: UnsafeMutablePointer<passwd>?
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16_384) { buffer in
      guard let memory = buffer.baseAddress,
        getpwuid_r(geteuid(), &entry, memory, buffer.count, &found) == 0, found != nil
      else { return nil }
      return entry.pw_name.map { String(cString: $0) }
    }
  }
}
