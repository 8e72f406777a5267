package io.quorate.peer.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.engine.agent.CertifiedDecision;
import io.quorate.engine.decision.Certificate;
import io.quorate.engine.decision.Decision;
import java.io.IOException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DecisionJsonTest {
    private Decision decision;
    private Map<String, Object> event;

    @BeforeEach
    void decide() throws IOException {
        final CertifiedDecision certified = SampleDecision.certified();
        decision = certified.decision();
        event = JsonLine.read(JsonLine.write(DecisionJson.certified(certified)));
    }

    @Test
    void shouldComeBackWithTheSameDigest() {
        assertThat(event).containsEntry("decisionNanos", 42L).containsEntry("byzantine", List.of(3L));
        assertThat(DecisionJson.decision(event).digest()).isEqualTo(decision.digest());
        final Certificate certificate = DecisionJson.certificate(event);
        assertThat(certificate.signatures()).hasSize(2);
        assertThat(certificate.digest()).isEqualTo(HexFormat.of().formatHex(decision.digest()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "round",
                "mode",
                "status",
                "consensus",
                "consensusPeer",
                "support",
                "agreement",
                "strength",
                "influence",
                "ranking",
                "byzantine",
                "byzantineDistances",
                "fused",
                "reason",
                "sequence"
            })
    void shouldNoticeEveryChangedField(final String name) {
        final Map<String, Object> changed = new LinkedHashMap<>(event);
        changed.put(name, "something else");
        assertThatThrownBy(() -> DecisionJson.decision(changed))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("not valid: \"" + name + "\" is not what the peers signed");
        changed.remove(name);
        assertThatThrownBy(() -> DecisionJson.decision(changed))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + name + "\" is missing");
    }

    @ParameterizedTest
    @ValueSource(strings = {"executionNanos", "memoryBytes", "kernel", "decisionNanos"})
    void shouldLetLocalFieldsDiffer(final String name) {
        final Map<String, Object> changed = new LinkedHashMap<>(event);
        changed.put(name, 1L);
        assertThat(DecisionJson.decision(changed).digest()).isEqualTo(decision.digest());
    }

    @Test
    void shouldRefuseBrokenRecordsAndCertificates() {
        assertThatThrownBy(() -> DecisionJson.decision(with("record", "***"))).hasMessageContaining("no base64 text");
        assertThatThrownBy(() -> DecisionJson.decision(with("record", "AAAA")))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> DecisionJson.certificate(with("certificate", List.of())))
                .hasMessageContaining("list of signatures");
        assertThatThrownBy(() -> DecisionJson.certificate(with("certificate", List.of(1L))))
                .hasMessageContaining("list of objects");
        assertThatThrownBy(() -> DecisionJson.certificate(with("epoch", -1L))).hasMessageContaining("\"epoch\"");
    }

    private Map<String, Object> with(final String name, final Object value) {
        final Map<String, Object> changed = new LinkedHashMap<>(event);
        changed.put(name, value);
        return changed;
    }
}
