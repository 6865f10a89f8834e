import Support
import VectorBackends
import VectorModel

/// The options of backend "redis": where the server is, and which index of it.
struct RedisOptions {
  static let names = [
    "ca_file", "host", "index_name", "insecure", "password", "port", "prefix", "tls", "url", "username", "vector_field",
  ]

  private static let schemes = ["redis", "rediss", "unix"]
  private static let standardPort = 6379

  let server: RedisServer
  let settings: RedisSettings

  /// The address comes from "url", from "host", from REDIS_URL, or is this machine; nothing is mixed with another source, so that
  /// no password goes where it does not belong.
  init(_ options: RemoteOptions, fields: FieldSchema?) throws(VectorError) {
    var server: RedisServer
    if let url = try options.secret("url") {
      for other in ["host", "port"] where options.has(other) {
        throw VectorError(.invalidOption, "option \"\(other)\" and option \"url\" both say where the server is")
      }
      server = try Self.server(url: url, option: "url", options)
    } else if let host = try options.text("host") {
      server = RedisServer(try Self.place(host, port: options.integer("port", 1...65_535)))
    } else if options.has("port") {
      server = RedisServer(.tcp(host: "127.0.0.1", port: try options.integer("port", 1...65_535) ?? Self.standardPort))
    } else if let url = options.environment("REDIS_URL") {
      options.noteSecret("url", url, .environment)
      server = try Self.server(url: url, option: "REDIS_URL", options)
    } else {
      options.note("host", "127.0.0.1", .default)
      server = RedisServer(.tcp(host: "127.0.0.1", port: Self.standardPort))
    }
    if let user = try options.text("username") { server.user = user }
    if let password = try options.secret("password") { server.password = password }
    if server.user != nil, server.password == nil {
      throw VectorError(.invalidOption, "option \"username\" needs option \"password\"")
    }
    try Self.readTLS(options, &server)
    self.server = server

    var settings = RedisSettings(index: try options.text("index_name").map { ByteString($0) } ?? options.name)
    settings.prefix = try options.text("prefix").map { ByteString($0) }
    settings.vectorField = try options.text("vector_field").map { ByteString($0) }
    settings.declared = (fields?.types ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, RedisColumn.Kind($0.value)) }
    self.settings = settings
  }

  private static func place(_ text: String, port: Int?) throws(VectorError) -> RedisServer.Place {
    if text.hasPrefix("/") { return .local(path: text) }
    let address = try ServerAddress.hostAndPort(text, option: "host")
    if let first = address.port, let second = port, first != second {
      throw VectorError(.invalidOption, "option \"host\" names port \(first), option \"port\" is \(second)")
    }
    return .tcp(host: address.host, port: address.port ?? port ?? standardPort)
  }

  private static func server(url: String, option: String, _ options: RemoteOptions) throws(VectorError) -> RedisServer {
    if url.hasPrefix("unix:///") {
      let path = url.dropFirst(7).prefix { $0 != "?" }
      guard let path = percentDecoded(Array(path.utf8)) else {
        throw VectorError(.invalidOption, "option \"\(option)\" has a path that is no text")
      }
      return RedisServer(.local(path: path))
    }
    let address = try ServerAddress(url: url, option: option, schemes: schemes)
    if let password = address.password { options.keepSecret(password) }
    let database = address.path.drop { $0 == "/" }
    let other = address.query.first { $0.name == "db" }?.value ?? "0"
    guard database.isEmpty || database == "0", other == "0" else {
      throw VectorError(
        .invalidOption, "option \"\(option)\" names another database than 0: the query engine knows that one alone")
    }
    var server = RedisServer(.tcp(host: address.host, port: address.port ?? standardPort))
    if address.scheme == "rediss" { server.tls = RedisServer.TLS() }
    // A user without a password is how many write the password alone; "default" is the user everybody is.
    server.password = address.password
    server.user = address.password == nil ? nil : address.user
    return server
  }

  private static func readTLS(_ options: RemoteOptions, _ server: inout RedisServer) throws(VectorError) {
    if let wanted = try options.boolean("tls") {
      if !wanted, server.tls != nil {
        throw VectorError(.invalidOption, "option \"tls\" is false, but option \"url\" begins with rediss://")
      }
      if wanted { server.tls = server.tls ?? RedisServer.TLS() }
    }
    let file = try options.text("ca_file")
    let isInsecure = try options.boolean("insecure") ?? false
    guard server.tls != nil else {
      if file != nil || isInsecure {
        throw VectorError(
          .invalidOption,
          "option \"\(file == nil ? "insecure" : "ca_file")\" needs \"tls\": true or a URL with rediss://")
      }
      return
    }
    if case .local = server.place { throw VectorError(.invalidOption, "a local socket has no TLS") }
    server.tls = RedisServer.TLS(caFile: file, verifies: !isInsecure)
  }
}

extension RedisColumn.Kind {
  fileprivate init(_ type: FieldSchema.FieldType) {
    switch type {
    case .string, .strings: self = .strings
    case .number: self = .number
    case .bool: self = .bool
    }
  }
}
