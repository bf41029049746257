//! The cases.

use crate::Case;

mod clients;
mod differences;
mod handshake;
mod names;
mod resumption;
mod revocation;
mod robustness;
mod settings;
mod transfer;
mod verification;

macro_rules! table {
    ($($module:ident: $($name:ident)*;)*) => {
        /// All cases, in the order in which they run.
        pub const CASES: &[Case] = &[$($(
            Case { name: stringify!($name), run: |lab| Box::pin($module::$name(lab)) },
        )*)*];
    };
}

table! {
    handshake: versions_are_agreed_upon a_version_can_be_pinned no_version_in_common_is_refused tls_1_2_alone
        rsa_and_ecdsa_certificates over_loopback octet_by_octet hello_in_records_of_one_octet facts_of_both_ends
        post_quantum_by_default;
    names: the_server_s_order_of_protocols_counts no_protocol_in_common_is_refused no_protocols_offered_is_served
        protocols_offered_to_a_server_without_any sites_by_name a_name_without_a_site_is_refused sites_with_own_protocols
        sites_with_own_client_auth;
    transfer: a_lot_both_ways_at_once half_closed_goes_on a_cut_is_no_end leave_without_a_word_is_clean readable_when_there_is_something;
    verification: good_certificates_are_taken wrong_names_are_refused addresses_are_proved_by_addresses expired_is_refused
        not_yet_valid_is_refused self_signed_is_refused an_unknown_issuer_is_refused the_system_does_not_trust_our_authority
        revoked_is_refused alternative_names_may_be_proved any_name_is_not_anyone anyone_is_anyone
        no_name_switches_verification_off;
    clients: good_clients_are_known what_is_shown_beside_a_chain_is_not_known a_certificate_is_not_shown_unasked no_certificate_does_where_it_is_optional
        bad_clients_are_refused_even_where_none_is_needed revoked_clients_are_refused;
    differences: clients_of_version_1 clients_whose_key_is_for_keys_alone clients_that_are_trusted_themselves
        clients_with_rsa_of_1024_bits names_of_servers_with_a_dot_at_their_end;
    revocation: the_newest_list_counts_alone lists_that_cannot_be_used_are_errors an_expired_list_refuses_unless_it_counts_on
        lists_of_those_between_count_too a_list_speaks_of_its_scope_alone who_is_trusted_is_on_no_list;
    resumption: the_second_connection_is_resumed resumption_can_be_switched_off sessions_stay_with_their_names
        sessions_stay_with_their_ports old_ticket_keys_open_two_rotations_long servers_with_the_same_keys_resume_each_other resumed_clients_stay_known
        tickets_spare_nobody_what_another_asks tickets_do_not_lead_from_site_to_site;
    settings: ciphers_by_name no_cipher_in_common_is_refused groups_by_name unknown_names_are_errors
        a_key_of_another_is_an_error octets_that_are_no_key_are_an_error fips_is_in_force_or_refused a_staple_does_no_harm
        key_log_lines_are_well_formed the_environment_stays_as_it_is;
    robustness: a_peer_that_stalls_runs_into_the_deadline the_client_breaks_off_anywhere the_server_breaks_off_anywhere
        what_is_not_tls_is_refused garbage_after_the_handshake_is_an_error sites_reloaded_during_handshakes
        handshakes_can_run_elsewhere many_at_once;
}
