[
  inputs: ["{mix,.formatter}.exs", "{lib,test,mix,examples}/**/*.{ex,exs}"],
  line_length: 100,
  locals_without_parens: [deftwin: 2]
]
