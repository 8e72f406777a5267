package io.quorate.engine.planted;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.engine.fuzz.FuzzRun;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The fuzzer finds decoders that miss one check; with the check it finds nothing. */
class FuzzTwinTest {
    private static final String MESSAGES = "30000";

    static Stream<Twin> twins() {
        return Stream.of(
                twin("lengths of fixed messages are not looked at", "pbft.PbftAdapter", "isFixed"),
                twin("lengths of groups are not looked at", "pbft.PbftAdapter", "isGroups"),
                twin("lengths of membership are not looked at", "membership.MembershipAdapter", "isBlock"));
    }

    private static Twin twin(final String sentence, final String owner, final String check) {
        return new Twin(FuzzRun.class, MESSAGES, 1, sentence, List.of(Edit.answering(owner, check, true)));
    }

    @ParameterizedTest
    @MethodSource("twins")
    void shouldBeFound(final Twin twin) {
        twin.assertFound(twin.sentence(), 3);
    }

    @ParameterizedTest
    @MethodSource("twins")
    void shouldSayWhichMessage(final Twin twin) {
        assertThat(twin.hunt().apply(twin.seed())[1]).contains("message ", " to peer ");
    }
}
