/// Reads Prometheus' text format 0.0.4 as strictly as it is written down, for the tests.
struct PrometheusText {
  struct Sample {
    let name: String
    let labels: [String: String]
    let value: Double
  }

  struct Malformed: Error, CustomStringConvertible {
    let description: String
  }

  private(set) var types: [String: String] = [:]
  private(set) var samples: [Sample] = []

  func values(_ name: String) -> [Double] { samples.filter { $0.name == name }.map(\.value) }

  init(_ text: String) throws(Malformed) {
    guard text.isEmpty || text.hasSuffix("\n") else { throw Malformed(description: "no line feed at the end") }
    var family = ""
    var seen: Set<String> = []
    var helped: Set<String> = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      if line.hasPrefix("# HELP ") || line.hasPrefix("# TYPE ") {
        let words = line.split(separator: " ", maxSplits: 3).map(String.init)
        guard words.count == 4, Self.isName(words[2]) else { throw Malformed(description: "comment: \(line)") }
        if words[1] == "HELP" {
          guard helped.insert(words[2]).inserted else { throw Malformed(description: "second HELP: \(line)") }
          continue
        }
        guard types[words[2]] == nil, ["counter", "gauge", "histogram", "summary", "untyped"].contains(words[3]) else {
          throw Malformed(description: "type: \(line)")
        }
        types[words[2]] = words[3]
        family = words[2]
        continue
      }
      let sample = try Self.sample(line)
      let suffixes = types[family] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
      guard suffixes.contains(where: { sample.name == family + $0 }) else {
        throw Malformed(description: "not of family \(family): \(line)")
      }
      guard types[family] != "counter" || sample.name.hasSuffix("_total") else {
        throw Malformed(description: "counter without _total: \(line)")
      }
      let identity =
        sample.name + sample.labels.sorted { $0.key < $1.key }.map { "\u{0}\($0.key)=\($0.value)" }.joined()
      guard seen.insert(identity).inserted else { throw Malformed(description: "twice: \(line)") }
      samples.append(sample)
    }
    try checkHistograms()
  }

  private static func isName(_ name: some StringProtocol) -> Bool {
    let first = name.first.map { $0.isASCII && ($0.isLetter || $0 == "_" || $0 == ":") } ?? false
    return first && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == ":") }
  }

  private static func sample(_ line: Substring) throws(Malformed) -> Sample {
    var rest = line
    let name = String(rest.prefix { $0 != "{" && $0 != " " })
    guard isName(name) else { throw Malformed(description: "name: \(line)") }
    rest = rest.dropFirst(name.count)
    var labels: [String: String] = [:]
    if rest.first == "{" {
      rest = rest.dropFirst()
      while rest.first != "}" {
        let label = String(rest.prefix { $0 != "=" })
        guard isName(label), !label.contains(":"), rest.dropFirst(label.count).hasPrefix("=\"") else {
          throw Malformed(description: "label: \(line)")
        }
        rest = rest.dropFirst(label.count + 2)
        var value = ""
        while let next = rest.first, next != "\"" {
          rest = rest.dropFirst()
          guard next == "\\" else {
            value.append(next)
            continue
          }
          guard let escaped = ["\\": "\\", "\"": "\"", "n": "\n"][rest.first.map(String.init) ?? ""] else {
            throw Malformed(description: "escape: \(line)")
          }
          value.append(escaped)
          rest = rest.dropFirst()
        }
        guard rest.first == "\"", labels.updateValue(value, forKey: label) == nil else {
          throw Malformed(description: "label: \(line)")
        }
        rest = rest.dropFirst()
        if rest.first == "," {
          rest = rest.dropFirst()
        } else if rest.first != "}" {
          throw Malformed(description: "labels: \(line)")
        }
      }
      rest = rest.dropFirst()
    }
    guard rest.first == " ", let value = number(rest.dropFirst()) else {
      throw Malformed(description: "value: \(line)")
    }
    return Sample(name: name, labels: labels, value: value)
  }

  private static func number(_ text: some StringProtocol) -> Double? {
    switch text {
    case "+Inf": .infinity
    case "-Inf": -.infinity
    case "NaN": .nan
    default: text.contains(" ") || text.isEmpty ? nil : Double(String(text))
    }
  }

  /// Buckets rise in bound and count, end at +Inf, and agree with the count.
  private func checkHistograms() throws(Malformed) {
    for (family, type) in types where type == "histogram" {
      var series: [[String: String]: [(bound: Double, count: Double)]] = [:]
      for sample in samples where sample.name == family + "_bucket" {
        var labels = sample.labels
        guard let le = labels.removeValue(forKey: "le"), let bound = Self.number(le) else {
          throw Malformed(description: "bucket without le in \(family)")
        }
        series[labels, default: []].append((bound, sample.value))
      }
      for (labels, buckets) in series {
        for (one, next) in zip(buckets, buckets.dropFirst()) where one.bound >= next.bound || one.count > next.count {
          throw Malformed(description: "buckets of \(family) \(labels) do not rise")
        }
        let count = samples.first { $0.name == family + "_count" && $0.labels == labels }
        let sum = samples.first { $0.name == family + "_sum" && $0.labels == labels }
        guard buckets.last?.bound == .infinity, sum != nil, let count, count.value == buckets.last?.count else {
          throw Malformed(description: "histogram \(family) \(labels) is not complete")
        }
      }
    }
  }
}
