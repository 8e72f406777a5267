package io.quorate.transport.auth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RosterTest {
    private static final int FUZZ_RUNS = 20_000;

    private final List<PeerIdentity> identities = Samples.identities(4);
    private final String text = Samples.roster(identities, 7).canonicalText();

    @Test
    void shouldReadItsCanonicalText() {
        final Roster roster = Roster.parse(text, "group.roster");
        assertThat(roster.canonicalText()).isEqualTo(text);
        assertThat(roster.size()).isEqualTo(4);
        assertThat(roster.epoch()).isEqualTo(7);
        assertThat(roster.peer(2).address()).isEqualTo("127.0.0.1:40102");
        assertThat(roster.idOf(identities.get(3).publicKey())).isEqualTo(3);
        assertThat(roster.idOf(new byte[32])).isEqualTo(-1);
        assertThat(roster.groupId()).isEqualTo(Digest.sha256(text.getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void shouldGiveTheSameGroupWhateverTheFormOfTheText() {
        final String[] lines = text.split("\n");
        final StringBuilder other = new StringBuilder("# a comment\n\n" + lines[0] + "\r\n");
        for (int i = lines.length - 1; i > 0; i--) {
            other.append("  ").append(lines[i].replace(" ", " \t ")).append("  \n# another\n");
        }
        assertThat(Roster.parse(other.toString(), "x").groupId())
                .isEqualTo(Roster.parse(text, "x").groupId());
    }

    @Test
    void shouldGiveAnotherGroupForEveryOtherContent() {
        final byte[] group = Roster.parse(text, "x").groupId();
        for (final String changed : List.of(
                text.replace("epoch 7", "epoch 8"),
                text.replace("dimension 384", "dimension 385"),
                text.replace("peer2", "peer9"),
                text.replace(":40101", ":40109"))) {
            assertThat(Roster.parse(changed, "x").groupId()).isNotEqualTo(group);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "quorate-roster 1 | quorate-roster 2 | line 1: the first line must be",
                "epoch 7 | epoch | line 2: there must be one line",
                "epoch 7 | epoch -1 | line 2: epoch is \"-1\"",
                "epoch 7 | epoch 4294967296 | line 2: epoch is",
                "setting dimension 384 | setting dimension | line 3: expected",
                "setting dimension 384 | setting Dimension 384 | line 3: setting \"Dimension\"",
                "setting dimension 384 | setting dimension 3ä | line 3: setting dimension needs",
                "setting dimension 384 | epoch 7 | line 3: there must be one line",
                "peer 0 | member 0 | line 4: \"member\" is none of",
                "peer 0 | peer 4 | 0 is missing",
                "peer 0 | peer 64 | line 4: peer id is \"64\"",
                "peer 1 | peer 0 | line 5: peer 0 is given twice",
                "peer0 | Peer0 | line 4: peer name",
                "peer1 | peer0 | peer 1 has the name peer0 of another",
                ":40101 | :40100 | peer 1 has the address 127.0.0.1:40100 of another",
                ":40100 | :0 | line 4: port 0",
                ":40100 | :65536 | line 4: port is",
                ":40100 | 40100 | line 4: ",
                "127.0.0.1:40100 | a_b:40100 | line 4: host",
                "127.0.0.1:40100 | ::1:40100 | line 4: host",
            })
    void shouldNameTheLine(final String from, final String to, final String message) {
        final String broken = text.replaceFirst(Pattern.quote(from.strip()), to.strip());
        assertThat(broken).isNotEqualTo(text);
        assertThatThrownBy(() -> Roster.parse(broken, "group.roster"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("group.roster")
                .hasMessageContaining(message.strip());
    }

    @Test
    void shouldRefuseKeysThatAreNotSound() {
        final String key = HexFormat.of().formatHex(identities.get(0).publicKey());
        for (final String bad : List.of(
                "00".repeat(32),
                "01" + "00".repeat(31),
                "ec" + "ff".repeat(30) + "7f",
                "ee" + "ff".repeat(30) + "7f",
                "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                "02" + "00".repeat(31))) {
            assertThatThrownBy(() -> Roster.parse(text.replace(key, bad), "x")).hasMessageContaining("prime-order");
        }
        final String other = HexFormat.of().formatHex(identities.get(1).publicKey());
        assertThatThrownBy(() -> Roster.parse(text.replace(key, other), "x")).hasMessageContaining("of another peer");
        assertThatThrownBy(() -> Roster.parse(text.replace(key, key.substring(1)), "x"))
                .hasMessageContaining("63 characters");
        assertThatThrownBy(() -> Roster.parse(text.replace(key, "g" + key.substring(1)), "x"))
                .hasMessageContaining("hexadecimal");
    }

    @Test
    void shouldBoundTheNumberOfPeers() {
        assertThat(Samples.roster(Samples.identities(64), 1).size()).isEqualTo(64);
        assertThatThrownBy(() -> Samples.roster(Samples.identities(65), 1)).hasMessageContaining("must be 1 to 64");
        assertThatThrownBy(() -> Roster.of(1, List.of(), Map.of())).hasMessageContaining("must be 1 to 64");
        assertThatThrownBy(() -> Roster.parse("quorate-roster 1\nepoch 1\n", "x"))
                .hasMessageContaining("1 to 64");
        assertThatThrownBy(() -> Roster.parse("", "x")).hasMessageContaining("epoch");
    }

    @Test
    void shouldTypeItsSettings() {
        final Roster roster = Roster.parse(
                text.replace(
                        "setting dimension 384", "setting heads 8\nsetting tolerance 0.33\nsetting mode byzantine"),
                "group.roster");
        assertThat(roster.setting("heads", 1, 1, 64)).isEqualTo(8);
        assertThat(roster.setting("absent", 5, 1, 64)).isEqualTo(5);
        assertThat(roster.setting("tolerance", 0.1, 0, 0.5)).isEqualTo(0.33);
        assertThat(roster.setting("mode", "attention", List.of("attention", "byzantine")))
                .isEqualTo("byzantine");
        assertThat(roster.setting("mode", "")).isEqualTo("byzantine");
        assertThatThrownBy(() -> roster.setting("heads", 1, 1, 4))
                .hasMessage("group.roster line 3: setting heads is \"8\", must be a whole number from 1 to 4");
        assertThatThrownBy(() -> roster.setting("mode", 1, 1, 4)).hasMessageContaining("line 5");
        assertThatThrownBy(() -> roster.setting("tolerance", 0.1, 0, 0.2)).hasMessageContaining("line 4");
        assertThatThrownBy(() -> roster.setting("mode", "a", List.of("a", "b"))).hasMessageContaining("one of a, b");
        roster.requireSettingsAmong(Set.of("heads", "tolerance", "mode", "more"));
        assertThatThrownBy(() -> roster.requireSettingsAmong(Set.of("heads", "mode")))
                .hasMessage("group.roster line 4: unknown setting \"tolerance\"; known are heads, mode");
    }

    @Test
    void shouldTakeIpv6AddressesInBrackets() {
        final Roster roster = Roster.parse(text.replace("127.0.0.1:40100", "[FE80::1]:40100"), "x");
        assertThat(roster.peer(0).host()).isEqualTo("[fe80::1]");
        assertThat(roster.peer(0).port()).isEqualTo(40100);
    }

    @Test
    void shouldEitherParseOrSayWhyNot() {
        final Random random = new Random(42);
        for (int run = 0; run < FUZZ_RUNS; run++) {
            final StringBuilder mutant = new StringBuilder(text);
            for (int edits = random.nextInt(4); edits >= 0 && !mutant.isEmpty(); edits--) {
                final int at = random.nextInt(mutant.length());
                switch (random.nextInt(4)) {
                    case 0 -> mutant.deleteCharAt(at);
                    case 1 -> mutant.insert(at, (char) random.nextInt(256));
                    case 2 -> mutant.setCharAt(at, (char) random.nextInt(0x10000));
                    default -> mutant.setLength(at + 1);
                }
            }
            try {
                final Roster roster = Roster.parse(mutant.toString(), "mutant");
                assertThat(Roster.parse(roster.canonicalText(), "again").canonicalText())
                        .isEqualTo(roster.canonicalText());
            } catch (final IllegalArgumentException e) {
                assertThat(e).hasMessageStartingWith("mutant");
            }
        }
    }
}
