package io.quorate.peer.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class JsonLineTest {
    @Test
    void shouldReadBackWhatItWrote() {
        final Map<String, Object> object = new LinkedHashMap<>();
        object.put("text", "a \"quoted\" line\nand ü €");
        object.put("nothing", null);
        object.put("yes", true);
        object.put("count", 7L);
        object.put("inner", Map.of("list", List.of(1L, List.of(), "x")));
        final String line = JsonLine.write(object);
        assertThat(line).doesNotContain("\n");
        assertThat(JsonLine.read(line)).isEqualTo(object);
    }

    @Test
    void shouldKeepTheBitsOfFloats() {
        final SplittableRandom random = new SplittableRandom(1);
        final float[] numbers = new float[2000];
        for (int i = 0; i < numbers.length; i++) {
            float number;
            do {
                number = Float.intBitsToFloat(random.nextInt());
            } while (!Float.isFinite(number));
            numbers[i] = number;
        }
        final List<Integer> read = new ArrayList<>();
        final Object list = JsonLine.read(JsonLine.write(Map.of("v", numbers))).get("v");
        for (final Object number : (List<?>) list) {
            read.add(Float.floatToRawIntBits(((Number) number).floatValue()));
        }
        for (int i = 0; i < numbers.length; i++) {
            assertThat(read.get(i)).isEqualTo(Float.floatToRawIntBits(numbers[i]));
        }
    }

    @Test
    void shouldTellIntegersFromFractions() {
        assertThat(JsonLine.read("{\"a\":1,\"b\":1.0}"))
                .containsEntry("a", 1L)
                .containsEntry("b", new BigDecimal("1.0"));
    }

    @Test
    void shouldRefuseWhatIsNotOneObject() {
        assertThatThrownBy(() -> JsonLine.read("[1]")).hasMessageContaining("no JSON object");
        assertThatThrownBy(() -> JsonLine.read("")).hasMessageContaining("no JSON object");
        assertThatThrownBy(() -> JsonLine.read("{} {}")).hasMessageContaining("more than one");
        assertThatThrownBy(() -> JsonLine.read("{\"a\":\n ?}")).hasMessageContaining("line 2, column");
        assertThatThrownBy(() -> JsonLine.read("{\"a\":1,\"a\":2}")).hasMessageContaining("uplicate");
        assertThatThrownBy(() -> JsonLine.read("{\"a\":1")).isInstanceOf(IllegalArgumentException.class);
    }
}
