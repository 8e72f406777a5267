package io.quorate.peer.format;

import java.io.StringWriter;
import java.io.Writer;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.StreamWriteFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * One JSON object as one line of text. Values are {@code Map}, {@code List}, {@code String}, {@code Boolean}, {@code null} and
 * numbers; read numbers are {@code Long}, or {@code BigDecimal} so that a float32 comes back as the bits it was written from.
 */
public final class JsonLine {
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(StreamWriteFeature.AUTO_CLOSE_TARGET)
            .build();

    private JsonLine() {}

    /** The object as text, without line breaks. */
    public static String write(final Map<String, ?> object) {
        final StringWriter text = new StringWriter();
        write(object, text);
        return text.toString();
    }

    /** Writes the object, without line breaks, and leaves the target open. */
    public static void write(final Map<String, ?> object, final Writer target) {
        try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), target)) {
            writeValue(json, object);
        }
    }

    /**
     * The object that a text holds.
     *
     * @throws IllegalArgumentException if it is anything but one object; names line and column
     */
    public static Map<String, Object> read(final String text) {
        try (JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), text)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new IllegalArgumentException("no JSON object: it must start with {");
            }
            final Map<String, Object> object = readObject(json);
            if (json.nextToken() != null) {
                throw new IllegalArgumentException("more than one JSON object");
            }
            return object;
        } catch (final JacksonException e) {
            throw new IllegalArgumentException(
                    "no valid JSON at line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr() + ": " + e.getOriginalMessage(),
                    e);
        }
    }

    private static void writeValue(final JsonGenerator json, final Object value) {
        if (value == null) {
            json.writeNull();
        } else if (value instanceof final Map<?, ?> object) {
            json.writeStartObject();
            object.forEach((name, field) -> {
                json.writeName(String.valueOf(name));
                writeValue(json, field);
            });
            json.writeEndObject();
        } else if (value instanceof final Iterable<?> list) {
            json.writeStartArray();
            list.forEach(element -> writeValue(json, element));
            json.writeEndArray();
        } else if (value instanceof final float[] numbers) {
            json.writeStartArray();
            for (final float number : numbers) {
                json.writeNumber(number);
            }
            json.writeEndArray();
        } else if (value instanceof final Boolean truth) {
            json.writeBoolean(truth);
        } else if (value instanceof final Float number) {
            json.writeNumber(number);
        } else if (value instanceof final Double number) {
            json.writeNumber(number);
        } else if (value instanceof final BigDecimal number) {
            json.writeNumber(number);
        } else if (value instanceof final Number number) {
            json.writeNumber(number.longValue());
        } else {
            json.writeString(value.toString());
        }
    }

    private static Map<String, Object> readObject(final JsonParser json) {
        final Map<String, Object> object = new LinkedHashMap<>();
        while (json.nextToken() != JsonToken.END_OBJECT) {
            final String name = json.currentName();
            json.nextToken();
            object.put(name, readValue(json));
        }
        return object;
    }

    private static Object readValue(final JsonParser json) {
        return switch (json.currentToken()) {
            case START_OBJECT -> readObject(json);
            case START_ARRAY -> readList(json);
            case VALUE_STRING -> json.getString();
            case VALUE_NUMBER_INT -> json.getLongValue();
            case VALUE_NUMBER_FLOAT -> json.getDecimalValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> null;
        };
    }

    private static List<Object> readList(final JsonParser json) {
        final List<Object> list = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            list.add(readValue(json));
        }
        return list;
    }
}
