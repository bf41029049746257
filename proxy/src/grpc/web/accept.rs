//! Which form of gRPC-Web a client wants its answer in (RFC 9110 §12.4.2, §12.5.1).

use simplon_proto_http::Fields;
use simplon_proto_http::fields::Known;

use super::Form;

/// The form with the greatest weight, the first of equals; that of the request if none is named. One of weight 0 is not wanted: if the request
/// came in it, and nothing else is named, the answer comes in the other.
pub(super) fn preferred(fields: &Fields, request: Form) -> Form {
    let mut best = None;
    let mut refused = None;
    for element in fields.elements(Known::Accept) {
        let (form, weight) = (Form::of(element).0, weight(element));
        match (form, weight) {
            (Form::Other, _) => {}
            (form, 0) => refused = Some(form),
            (form, weight) if best.is_none_or(|(_, most)| weight > most) => best = Some((form, weight)),
            _ => {}
        }
    }
    match (best, refused) {
        (Some((form, _)), _) => form,
        (None, Some(refused)) if refused == request => {
            if refused == Form::Text {
                Form::Binary
            } else {
                Form::Text
            }
        }
        (None, _) => request,
    }
}

/// The weight of an element in thousandths; what is not one counts as none.
fn weight(element: &[u8]) -> u32 {
    let parameters = element.split(|octet| *octet == b';').skip(1).map(<[u8]>::trim_ascii);
    let value = parameters.filter_map(|parameter| match parameter {
        [b'q' | b'Q', b'=', value @ ..] => std::str::from_utf8(value).ok(),
        _ => None,
    });
    let weight = value.filter_map(|value| value.parse::<f32>().ok()).last();
    weight.map_or(1000, |weight| (weight.clamp(0.0, 1.0) * 1000.0) as u32)
}

#[cfg(test)]
mod tests;
