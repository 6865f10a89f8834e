defmodule VectorDB.Options do
  @moduledoc false
  # Keyword options into what the NIF takes. Everything returns {:ok, _} or {:error, %Error{}}; an
  # unknown option is an error that names the nearest known one, never silently dropped.

  alias VectorDB.{Environment, Error, JSON}

  @include_metadata 0x1
  @include_vectors 0x2
  @replace 0x4
  @probe 0x8
  @exact 0x10
  @has_max_distance 0x20
  @has_min_score 0x40

  @max_uint64 0xFFFF_FFFF_FFFF_FFFF
  @max_uint32 0xFFFF_FFFF
  @max_int64 0x7FFF_FFFF_FFFF_FFFF

  @search ~w(top_k filter include_metadata include_vectors include_embeddings exact ef timeout
             min_score max_distance extra info)a
  @columns ~w(include_metadata include_vectors include_embeddings timeout)a
  @get @columns ++ ~w(info)a
  @page @columns ++ ~w(filter page_size)a

  @doc "Options of a search: `{native_tuple, vector_form, info?}`."
  def search(options) do
    with {:ok, options} <- known(options, @search),
         {:ok, k} <- top_k(Keyword.get(options, :top_k, 10)),
         {:ok, ef} <- integer(:ef, Keyword.get(options, :ef) || 0, 0, @max_uint32),
         {:ok, timeout} <- timeout(options),
         {:ok, filter} <- filter(options[:filter]),
         {:ok, extra} <- object(:extra, options[:extra]),
         {:ok, include, form} <- include(options, true, false),
         {:ok, exact} <- flag(options, :exact, @exact),
         {:ok, far, max_distance} <- bound(options, :max_distance, @has_max_distance),
         {:ok, low, min_score} <- bound(options, :min_score, @has_min_score),
         {:ok, told} <- flag(options, :info, 1) do
      flags = include + exact + far + low
      {:ok, {{k, ef, flags, timeout, filter, extra, max_distance, min_score}, form, told == 1}}
    end
  end

  @doc "Options of a get: `{flags, timeout, vector_form, info?}`."
  def get(options) do
    with {:ok, options} <- known(options, @get),
         {:ok, timeout} <- timeout(options),
         {:ok, include, form} <- include(options, true, true),
         {:ok, told} <- flag(options, :info, 1) do
      {:ok, {include, timeout, form, told == 1}}
    end
  end

  @doc "Options of paging: `{page_size, filter, flags, timeout, vector_form}`."
  def page(options) do
    with {:ok, options} <- known(options, @page),
         {:ok, size} <- integer(:page_size, Keyword.get(options, :page_size, 1000), 1, 10_000),
         {:ok, filter} <- filter(options[:filter]),
         {:ok, timeout} <- timeout(options),
         {:ok, include, form} <- include(options, true, false) do
      {:ok, {size, filter, include, timeout, form}}
    end
  end

  @doc "Only `:timeout` and what `allowed` names besides; the checked keyword list."
  def plain(options, allowed \\ []) do
    with {:ok, options} <- known(options, [:timeout | allowed]),
         {:ok, timeout} <- timeout(options) do
      {:ok, options, timeout}
    end
  end

  @doc "Flags of update_metadata."
  def replace(options), do: flag(options, :replace, @replace)

  @doc "Flags of health."
  def probe(options), do: flag(options, :probe, @probe)

  @doc "A filter as JSON text; nothing is an empty text. Text is taken as JSON already."
  def filter(nil), do: {:ok, ""}
  def filter(text) when is_binary(text), do: {:ok, text}

  def filter(filter) do
    case JSON.encode(filter_map(filter)) do
      {:ok, json} -> {:ok, json}
      {:error, message} -> {:error, Error.new(:invalid_filter, "filter: " <> message)}
    end
  end

  @doc "Options of open as a JSON object."
  def open(options) do
    if Keyword.keyword?(options) or (is_map(options) and not is_struct(options)) do
      options = options |> Map.new() |> Environment.hand_over()

      # The codec's message quotes the value, which may be a secret: only the option is named.
      with {:error, _} <- JSON.encode(options) do
        {name, _} = Enum.find(options, {nil, nil}, &match?({:error, _}, JSON.encode(Map.new([&1]))))
        {:error, Error.new(:invalid_option, "option #{show(name)} holds a value that is no JSON")}
      end
    else
      {:error, Error.new(:invalid_option, "options must be a keyword list or a map")}
    end
  end

  @doc "An option that is an object, as JSON text; nothing is an empty text."
  def object(_name, nil), do: {:ok, ""}

  def object(name, value) do
    with :ok <- (is_map(value) and not is_struct(value)) |> ok?(name, value, "a map"),
         {:ok, json} <- JSON.encode(value) do
      {:ok, json}
    else
      {:error, %Error{} = error} -> {:error, error}
      {:error, message} -> {:error, Error.new(:invalid_option, "#{name}: #{message}")}
    end
  end

  @doc "Secrets as a JSON object."
  def credentials(secrets) when is_map(secrets) and not is_struct(secrets) do
    # The codec's message quotes the value, so it must not be passed on.
    with {:error, _} <- JSON.encode(secrets),
         do: {:error, Error.new(:invalid_argument, "credentials hold a value that is no JSON")}
  end

  def credentials(_secrets),
    do: {:error, Error.new(:invalid_argument, "credentials must be a map")}

  # A keyword list reads well as a filter: [year: 2024].
  defp filter_map([{key, _} | _] = list) when is_atom(key),
    do: if(Keyword.keyword?(list), do: Map.new(list), else: list)

  defp filter_map(filter), do: filter

  defp known(options, allowed) do
    with true <- Keyword.keyword?(options),
         nil <- Enum.find(Keyword.keys(options), &(&1 not in allowed)) do
      {:ok, options}
    else
      false ->
        {:error, Error.new(:invalid_option, "options must be a keyword list: #{show(options)}")}

      unknown ->
        {:error, Error.new(:invalid_option, unknown_message(unknown, allowed))}
    end
  end

  defp unknown_message(unknown, allowed) do
    name = Atom.to_string(unknown)
    nearest = Enum.max_by(allowed, &String.jaro_distance(name, Atom.to_string(&1)))
    "unknown option #{inspect(unknown)}; did you mean #{inspect(nearest)}?"
  end

  defp top_k(k) when is_integer(k) and k >= 0 and k <= @max_uint64, do: {:ok, k}

  defp top_k(k) do
    {:error, Error.new(:invalid_k, "top_k must be an integer from 1 to 2^64 - 1: #{show(k)}")}
  end

  defp integer(_name, value, low, high) when is_integer(value) and value >= low and value <= high,
    do: {:ok, value}

  defp integer(name, value, low, high) do
    message = "#{name} must be an integer from #{low} to #{high}: #{show(value)}"
    {:error, Error.new(:invalid_argument, message)}
  end

  defp timeout(options) do
    case Keyword.get(options, :timeout) do
      nil -> {:ok, 0}
      :infinity -> {:ok, -1}
      value when is_integer(value) and value > 0 and value <= @max_int64 -> {:ok, value}
      value -> {:error, Error.new(:invalid_argument, timeout_message(value))}
    end
  end

  defp timeout_message(value),
    do: "timeout must be a positive number of milliseconds or :infinity: #{show(value)}"

  defp include(options, metadata_default, vectors_default) do
    vectors = Keyword.get(options, :include_vectors, options[:include_embeddings])
    vectors = if is_nil(vectors), do: vectors_default, else: vectors
    metadata = Keyword.get(options, :include_metadata, metadata_default)

    with :ok <- is_boolean(metadata) |> ok?(:include_metadata, metadata, "true or false"),
         :ok <-
           (is_boolean(vectors) or vectors == :binary)
           |> ok?(:include_vectors, vectors, "true, false or :binary") do
      flags = if(metadata, do: @include_metadata, else: 0)
      {:ok, flags + if(vectors, do: @include_vectors, else: 0), vectors}
    end
  end

  defp flag(options, name, bit) do
    case Keyword.get(options, name) do
      true -> {:ok, bit}
      value when value in [false, nil] -> {:ok, 0}
      value -> ok?(false, name, value, "true or false")
    end
  end

  # Numbers beyond a double's range cannot be a bound.
  defp bound(options, name, bit) do
    case Keyword.get(options, name) do
      nil -> {:ok, 0, 0.0}
      value when is_float(value) -> {:ok, bit, value}
      value when is_integer(value) and abs(value) <= @max_int64 -> {:ok, bit, value * 1.0}
      value -> ok?(false, name, value, "a number")
    end
  end

  defp ok?(true, _name, _value, _expected), do: :ok

  defp ok?(false, name, value, expected),
    do: {:error, Error.new(:invalid_argument, "#{name} must be #{expected}: #{show(value)}")}

  defp show(value), do: inspect(value, limit: 5, printable_limit: 40)
end
