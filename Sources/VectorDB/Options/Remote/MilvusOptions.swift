import Support
import VectorBackends
import VectorModel

/// The options of backend "milvus", read into what its backend and its connections need.
struct MilvusOptions {
  static let names = [
    "api_key", "ca_file", "collection", "consistency", "database", "host", "id_field", "insecure", "metadata_field",
    "password", "port", "proxy", "tls", "token", "url", "username", "vector_field",
  ]

  static let defaultPort = 19_530

  var settings: MilvusSettings
  var endpoint: HTTPEndpoint

  /// Errors: `invalidOption` naming the option.
  init(_ options: RemoteOptions) throws(VectorError) {
    settings = MilvusSettings(collection: try Self.collection(options))
    let address = try Self.address(options)
    let scheme: HTTPEndpoint.Scheme = address.place.scheme == "https" ? .https : .http
    endpoint = HTTPEndpoint(
      scheme: scheme, host: address.place.host, port: address.place.port ?? (scheme == .https ? 443 : Self.defaultPort))
    endpoint.version = .http2
    endpoint.acceptsCompressed = false
    try endpoint.readTrust(options)
    endpoint.proxy = try options.secret("proxy")
    let inPath = try Self.database(inPathOf: address.place)
    settings.database = try Self.name("database", options) ?? inPath ?? ""
    settings.idField = try Self.name("id_field", options)
    settings.vectorField = try Self.name("vector_field", options)
    settings.metadataField = try Self.metadataField(options)
    let levels = MilvusSettings.Consistency.allCases
    if let name = try options.choice("consistency", levels.map(\.name)),
      let level = levels.first(where: { $0.name == name })
    {
      settings.consistency = level
    }
    if let token = try Self.token(options, address) {
      let authorization = MilvusSettings.authorization(token: token)
      options.keepSecret(authorization)
      settings.authorization = authorization
    }
  }

  private static func collection(_ options: RemoteOptions) throws(VectorError) -> String {
    if let name = try name("collection", options) { return name }
    let name = options.name.text
    if let problem = MilvusSettings.problem(withName: name) {
      throw VectorError(
        .invalidOption,
        "the database's name \(quoted(options.name)) is no name of a Milvus collection, which has \(problem): give the option \"collection\""
      )
    }
    options.note("collection", name, .default)
    return name
  }

  private static func name(_ option: String, _ options: RemoteOptions) throws(VectorError) -> String? {
    guard let name = try options.text(option) else { return nil }
    if let problem = MilvusSettings.problem(withName: name) {
      throw VectorError(.invalidOption, "option \"\(option)\" is \(quoted(name)), expected \(problem)")
    }
    return name
  }

  private static func metadataField(_ options: RemoteOptions) throws(VectorError) -> String? {
    guard let name = try options.text("metadata_field") else { return nil }
    guard name != "$meta", let problem = MilvusSettings.problem(withName: name) else { return name }
    throw VectorError(.invalidOption, "option \"metadata_field\" is \(quoted(name)), expected \"$meta\" or \(problem)")
  }

  // MARK: - Address

  private struct Address {
    var place: ServerAddress
    var isFromEnvironment = false
  }

  private static func address(_ options: RemoteOptions) throws(VectorError) -> Address {
    // Never told as a whole: it may hold a password.
    if let text = try options.secret("url") {
      for option in ["host", "port", "tls"] where options.has(option) {
        throw VectorError(.invalidOption, "option \"\(option)\" is part of option \"url\": give one of them")
      }
      let place = try server(text, option: "url")
      options.note("host", place.host, .option)
      return Address(place: place)
    }
    if !options.has("host"), !options.has("port"), !options.has("tls"), let text = options.environment("MILVUS_URI") {
      let place = try server(text, option: "MILVUS_URI")
      options.noteSecret("url", text, .environment)
      options.note("host", place.host, .environment)
      return Address(place: place, isFromEnvironment: true)
    }
    var place = ServerAddress(host: "localhost")
    if let host = try options.text("host") {
      place = try ServerAddress.hostAndPort(host, option: "host")
    } else {
      options.note("host", "localhost", .default)
    }
    if let port = try options.integer("port", 1...65_535) {
      if let other = place.port, other != port {
        throw VectorError(.invalidOption, "option \"host\" names the port \(other), option \"port\" is \(port)")
      }
      place.port = port
    }
    place.scheme = try options.boolean("tls") == true ? "https" : "http"
    return Address(place: place)
  }

  private static func server(_ text: String, option: String) throws(VectorError) -> ServerAddress {
    let place = try ServerAddress(url: text, option: option, schemes: ["http", "https"])
    guard place.query.isEmpty else {
      throw VectorError(.invalidOption, "option \"\(option)\" has a query, which Milvus knows nothing to do with")
    }
    return place
  }

  /// "http://host:19530/name", as the usual client writes it.
  private static func database(inPathOf place: ServerAddress) throws(VectorError) -> String? {
    let name = String(place.path.drop { $0 == "/" })
    if name.isEmpty { return nil }
    if let problem = MilvusSettings.problem(withName: name) {
      throw VectorError(.invalidOption, "option \"url\" has a path that is no database's name: expected \(problem)")
    }
    return name
  }

  // MARK: - Credentials

  /// "user:password" or an API key; nil for none.
  private static func token(_ options: RemoteOptions, _ address: Address) throws(VectorError) -> String? {
    let token = try options.secret("token")
    let key = try options.secret("api_key")
    let user = try options.text("username")
    let password = try options.secret("password")
    if token != nil, key != nil {
      throw VectorError(.invalidOption, "options \"token\" and \"api_key\" are the same: give one of them")
    }
    if let token = token ?? key {
      if user != nil || password != nil {
        throw VectorError(.invalidOption, "options \"username\" and \"password\" go without \"token\" and \"api_key\"")
      }
      return token
    }
    if let user, let password { return "\(user):\(password)" }
    if user != nil || password != nil {
      throw VectorError(.invalidOption, "options \"username\" and \"password\" need each other")
    }
    if let user = address.place.user, let password = address.place.password {
      options.keepSecret(password)
      return "\(user):\(password)"
    }
    // A secret of the environment goes nowhere but to the server that the environment names.
    guard address.isFromEnvironment, let token = options.environment("MILVUS_TOKEN") else { return nil }
    options.noteSecret("token", token, .environment)
    return token
  }
}
