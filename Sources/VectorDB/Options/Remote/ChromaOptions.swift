import CSupport
import Support
import VectorBackends
import VectorModel

/// The options of backend "chroma".
enum ChromaOptions {
  static let names = [
    "api_key", "auth", "ca_file", "collection", "database", "host", "insecure", "port", "proxy", "tenant", "tls", "url",
  ]

  /// Chroma's own service.
  private static let cloudHost = "api.trychroma.com"

  /// Errors: `invalidOption`.
  static func settings(_ options: RemoteOptions) throws(VectorError) -> ChromaSettings {
    let key = try options.secret("api_key")
    var (address, isTLS) = try address(options, hasKey: key != nil)
    if let tls = try options.boolean("tls") {
      if let scheme = address.scheme, (scheme == "https") != tls {
        throw VectorError(.invalidOption, "options \"tls\" and \"url\" contradict each other")
      }
      isTLS = tls
    }
    var endpoint = HTTPEndpoint(
      scheme: isTLS ? .https : .http, host: address.host, port: address.port ?? (isTLS ? 443 : 8000))
    // "/" at the end is how browsers write an address without a path.
    endpoint.basePath = String(address.path.reversed().drop { $0 == "/" }.reversed())
    try endpoint.readTrust(options)
    if let proxy = try options.secret("proxy") { endpoint.proxy = proxy }
    var settings = ChromaSettings(
      endpoint: endpoint, tenant: try text("tenant", "default_tenant", options),
      database: try text("database", "default_database", options),
      collection: try text("collection", options.name.text, options))
    settings.isCloud = address.host == cloudHost
    settings.authorization = try authorization(options, key, address)
    return settings
  }

  private static func text(
    _ option: String, _ standard: String, _ options: RemoteOptions
  ) throws(VectorError) -> String {
    if let text = try options.text(option) { return text }
    options.note(option, standard, .default)
    return standard
  }

  /// Where the server is, by the first of: "url", "host", the environment, the service that a key alone belongs to, this machine.
  private static func address(
    _ options: RemoteOptions, hasKey: Bool
  ) throws(VectorError) -> (ServerAddress, isTLS: Bool) {
    let port = try options.integer("port", 1...65_535)
    let schemes = ["http", "https"]
    if let url = try options.secret("url") {
      if options.has("host") || port != nil {
        throw VectorError(.invalidOption, "option \"url\" names host and port already")
      }
      let address = try ServerAddress(url: url, option: "url", schemes: schemes)
      note(address, options, .option)
      return (address, address.scheme == "https")
    }
    if let host = try options.text("host") {
      var address = try ServerAddress.hostAndPort(host, option: "host")
      if let port {
        if let other = address.port, other != port {
          throw VectorError(.invalidOption, "options \"host\" and \"port\" name different ports")
        }
        address.port = port
      }
      return (address, address.host == cloudHost)
    }
    if port == nil, let url = options.environment("CHROMA_URL") {
      options.noteSecret("url", url, .environment)
      let address = try ServerAddress(url: url, option: "CHROMA_URL", schemes: schemes)
      note(address, options, .environment)
      return (address, address.scheme == "https")
    }
    if hasKey, port == nil {
      options.note("host", cloudHost, .default)
      return (ServerAddress(host: cloudHost), true)
    }
    options.note("host", "localhost", .default)
    return (ServerAddress(host: "localhost", port: port), false)
  }

  /// Tells of a URL what is no secret.
  private static func note(_ address: ServerAddress, _ options: RemoteOptions, _ source: RemoteOptions.Source) {
    options.note("host", address.host, source)
    if let port = address.port { options.note("port", "\(port)", source) }
    if let password = address.password { options.keepSecret(password) }
  }

  private static func authorization(
    _ options: RemoteOptions, _ key: String?, _ address: ServerAddress
  ) throws(VectorError) -> ChromaSettings.Authorization? {
    let kind = try options.choice("auth", ["token", "bearer"]) ?? "token"
    if let key {
      if address.password != nil {
        throw VectorError(.invalidOption, "option \"api_key\" and a password in \"url\" are two ways to say who asks")
      }
      guard key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
        throw VectorError(.invalidOption, "option \"api_key\" holds characters that no key has")
      }
      return kind == "bearer"
        ? ChromaSettings.Authorization("Authorization", "Bearer \(key)")
        : ChromaSettings.Authorization("x-chroma-token", key)
    }
    guard let password = address.password else { return nil }
    return ChromaSettings.Authorization("Authorization", "Basic \(base64("\(address.user ?? ""):\(password)"))")
  }
}

private func base64(_ text: String) -> String {
  let bytes = Array(text.utf8)
  return String(unsafeUninitializedCapacity: vdb_base64_length(bytes.count)) { buffer in
    guard let base = buffer.baseAddress, !bytes.isEmpty else { return 0 }
    base.withMemoryRebound(to: CChar.self, capacity: buffer.count) { vdb_base64_encode(bytes, bytes.count, $0) }
    return vdb_base64_length(bytes.count)
  }
}
