defmodule VectorDB.Error do
  @moduledoc """
  What went wrong.

    * `:code` - an atom named after the code of the C API: `:invalid_vector`, `:dimension_mismatch`,
      `:not_found`, `:timeout`, `:unsupported`, ... (`VDB_E_NOT_FOUND` is `:not_found`)
    * `:message` - one line: what, with which value, what was expected
    * `:backend` - name of the backend, where one was involved
    * `:attempts` - requests that were sent for the call, where it got so far
    * `:applied` - of a write: `:no`, `:unknown` or `:partly`
    * `:http_status` - what the server answered, where it speaks HTTP
    * `:details` - what else is known, with string keys: `"operation"`, `"index"`, `"attempts"`,
      `"http_status"`, `"retry_after_ms"`, `"applied"`; after a partial write `"failed"`
  """

  @enforce_keys [:code, :message]
  defexception [
    :code,
    :message,
    backend: nil,
    attempts: nil,
    applied: nil,
    http_status: nil,
    details: %{}
  ]

  @type t :: %__MODULE__{
          code: atom(),
          message: String.t(),
          backend: String.t() | nil,
          attempts: non_neg_integer() | nil,
          applied: :no | :unknown | :partly | nil,
          http_status: pos_integer() | nil,
          details: %{optional(String.t()) => term()}
        }

  @impl true
  def message(%__MODULE__{code: code, message: message}), do: "#{code}: #{message}"

  @doc "An error found on this side of the boundary."
  @spec new(atom(), String.t()) :: t()
  def new(code, message), do: %__MODULE__{code: code, message: printable(message)}

  @doc "An error of the NIF: `{:error, code, message, details_json}` without its first element."
  @spec from_native(atom(), binary(), binary() | nil) :: t()
  def from_native(code, message, json) do
    details = decode_details(json)

    %__MODULE__{
      code: code,
      message: printable(message),
      backend: details["backend"],
      attempts: details["attempts"],
      applied: applied(details["applied"]),
      http_status: details["http_status"],
      details: Map.drop(details, ["status", "code", "message", "backend"])
    }
  end

  defp applied(told) when told in ["no", "unknown", "partly"], do: String.to_atom(told)
  defp applied(_other), do: nil

  defp decode_details(nil), do: %{}

  defp decode_details(json) do
    case VectorDB.JSON.decode(json) do
      {:ok, %{} = details} -> details
      _ -> %{}
    end
  end

  # A message may quote bytes of an id or text that is not UTF-8.
  defp printable(message) do
    if String.valid?(message), do: message, else: inspect(message, binaries: :as_strings)
  end
end
