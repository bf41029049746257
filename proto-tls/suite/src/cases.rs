//! The cases.

use crate::Case;

mod handshake;
mod names;
mod transfer;

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
}
