package io.quorate.house;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import org.junit.jupiter.api.Test;

/** The rules of the house hold for the production classes, and each rule fails for a fixture that breaks it. */
class ArchitectureTest {
    private static final String ROOT = "io.quorate";
    private static final String FIXTURES = "io.quorate.house.fixture";

    private static final JavaClasses HOUSE = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .withImportOption(location -> !location.contains("/transport/codecs/"))
            .withImportOption(location -> !location.contains("/jmh_generated/"))
            .importPackages(ROOT);

    private static final JavaClasses BROKEN = new ClassFileImporter().importPackages(FIXTURES);

    @Test
    void shouldSeeTheWholeHouse() {
        assertThat(HOUSE.contain("io.quorate.engine.quorum.Quorum")).isTrue();
        assertThat(HOUSE.contain("io.quorate.transport.Outbox")).isTrue();
        assertThat(HOUSE.stream().anyMatch(type -> type.getName().startsWith("io.quorate.house")))
                .isFalse();
    }

    @Test
    void shouldKeepModulesPointingDown() {
        holdsAndCanFail(HouseRules.modulesPointDown(ROOT), HouseRules.modulesPointDown(FIXTURES));
    }

    @Test
    void shouldKeepLibrariesInTheirRooms() {
        holdsAndCanFail(HouseRules.librariesStayInTheirRooms(ROOT), HouseRules.librariesStayInTheirRooms(FIXTURES));
    }

    @Test
    void shouldKeepTheConsoleInTheProgram() {
        holdsAndCanFail(HouseRules.consoleStaysInTheProgram(ROOT), HouseRules.consoleStaysInTheProgram(FIXTURES));
    }

    @Test
    void shouldKeepRoomsPointingDown() {
        holdsAndCanFail(HouseRules.roomsPointDown(ROOT), HouseRules.roomsPointDown(FIXTURES));
    }

    @Test
    void shouldKnowEveryRoom() {
        holdsAndCanFail(HouseRules.everyRoomIsKnown(ROOT), HouseRules.everyRoomIsKnown(FIXTURES));
    }

    @Test
    void shouldKeepProtocolRoomsSansIo() {
        holdsAndCanFail(HouseRules.protocolRoomsAreSansIo(ROOT), HouseRules.protocolRoomsAreSansIo(FIXTURES));
    }

    @Test
    void shouldKeepRoomsFreeOfCircles() {
        holdsAndCanFail(HouseRules.roomsHaveNoCircles(ROOT), HouseRules.roomsHaveNoCircles(FIXTURES));
    }

    private static void holdsAndCanFail(final ArchRule rule, final ArchRule sameRuleOverFixtures) {
        rule.check(HOUSE);
        assertThatThrownBy(() -> sameRuleOverFixtures.check(BROKEN))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("fixture");
    }
}
