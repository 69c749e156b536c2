"""Names for people who do not exist, kept in groups so that a family's names and language go together.

A given name and a family name are put together by chance. Each group also lends the languages its families may
speak at home; only some families speak anything but English.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class NameGroup:
    """`share` is out of all families. `languages` are BCP 47 codes; none where the group speaks English."""

    share: int
    girls: tuple[str, ...]
    boys: tuple[str, ...]
    women: tuple[str, ...]
    men: tuple[str, ...]
    families: tuple[str, ...]
    languages: tuple[str, ...] = ()


def _group(
    share: int, girls: str, boys: str, women: str, men: str, families: str, languages: str = ""
) -> NameGroup:
    return NameGroup(
        share,
        tuple(girls.split()),
        tuple(boys.split()),
        tuple(women.split()),
        tuple(men.split()),
        tuple(families.split()),
        tuple(languages.split()),
    )


NAME_GROUPS: dict[str, NameGroup] = {
    "british": _group(
        44,
        "Isla Poppy Freya Ivy Willow Elsie Daisy Maeve Orla Hallie Nell Mabel Robyn Iris Penny Wren Edie Bonnie Hazel "
        "Tilly Lottie Ada Margot Flora Cora Juniper Thea Beth Marnie Etta",
        "Alfie Rory Finn Albie Jude Ralph Otis Stanley Ellis Toby Reuben Hugo Monty Barnaby Kit Jago Fergus Ned Arlo "
        "Ronnie Wilf Ezra Caleb Rowan Angus Joey Milo Sonny Ted Louie",
        "Gemma Leanne Hannah Kirsty Rachel Stacey Naomi Bethan Lauren Siobhan Jodie Carly Megan Alice Rhiannon Zoe "
        "Becky Ellie Fiona Heather Amber Jess Paige Tamsin Shannon Holly",
        "Craig Darren Ryan Lewis Gareth Stuart Jamie Callum Dean Ross Luke Adam Connor Kieran Scott Martin Euan Neil "
        "Joe Shaun Lee Robbie Aaron Rhys Matt Danny",
        "Alderson Applegarth Ashcombe Bagley Barraclough Birtwistle Blenkinsop Bracewell Brindley Broadbent Cawthorne "
        "Clegg Copley Crabtree Dewhurst Dinsdale Duckworth Earnshaw Eastwood Entwistle Fairclough Farrimond Fewster "
        "Garside Gatenby Gorton Greenhalgh Hainsworth Halliwell Hardcastle Haworth Heptonstall Hebblethwaite Hirst "
        "Holroyd Horsfall Ickringill Illingworth Jagger Kershaw Lathom Lofthouse Longbottom Lumley Mawson Metcalfe "
        "Midgley Moorhouse Murgatroyd Naylor Nettleton Nuttall Oldroyd Ollerenshaw Openshaw Ormerod Peniston "
        "Pickersgill Priestley Ramsbottom Rawcliffe Rigby Rushworth Scargill Shackleton Sowerby Stansfield Sutcliffe "
        "Sykes Tattersall "
        "Thackray Threlfall Thwaite Tordoff Turpin Uttley Varley Wadsworth Wagstaff Whitaker Widdop Womersley Wrigley "
        "Yardley Pritchard Llewellyn Bevan Probert Gallacher Kinnear Lorimer Drummond Penhallow Trevanion",
    ),
    "south_asian": _group(
        17,
        "Aisha Zara Inaya Maryam Anaya Hafsa Diya Simran Safa Anika Noor Zoya Myra Riya Ayesha Kavya",
        "Ayaan Ibrahim Zayn Haris Arjun Rayyan Ishaan Musa Danyal Vihaan Eesa Kabir Yusuf Jasraj Rohan Hamza",
        "Shazia Nadia Sadia Rukhsana Priya Farah Neelam Sumaiya Harpreet Rehana Deepa Bushra Saima Jaspreet Nusrat",
        "Imran Tariq Naveed Asif Sanjay Faisal Gurpreet Rashid Usman Vikram Kamran Manjit Zahid Anil Shahid",
        "Hussain Mahmood Iqbal Akhtar Chaudhry Bashir Rafiq Siddiqui Qureshi Begum Miah Chowdhury Uddin Rahman Sandhu "
        "Gill Dhillon Bains Grewal Virk Mistry Solanki Chauhan Parmar Desai Joshi Nair Pillai Menon Butt Mirza Rana "
        "Shafiq Zaman Talukdar Bhatti",
        "ur pa bn gu ta ur pa bn",
    ),
    "west_african": _group(
        8,
        "Ama Temi Chiamaka Abena Zainab Ifeoma Adaeze Efua Folake Amara Yewande Akosua",
        "Kwame Tobi Emeka Kofi Segun Ikenna Yaw Dayo Obinna Kojo Femi Chidera",
        "Ngozi Abiola Esi Funmi Chinwe Adwoa Bisi Uche Yetunde Afia Titilayo Nkechi",
        "Babatunde Kwabena Chukwudi Olu Nnamdi Kwesi Gbenga Uzoma Ade Fiifi Tunde Ebo",
        "Adeyemi Okafor Mensah Boateng Okoro Adebayo Owusu Nwosu Asante Balogun Eze Ofori Afolabi Anokye Ojo Ampofo "
        "Oyelaran Nkansah",
        "yo ig ak",
    ),
    "east_european": _group(
        9,
        "Zuzanna Hania Lena Maja Oliwia Nadia Alicja Iga Gabija Emilija Sofija Pola",
        "Antoni Szymon Jakub Franek Leon Kacper Filip Matas Jonas Oskar Staś Igor",
        "Agnieszka Kinga Marzena Ewelina Justyna Beata Monika Rasa Ilona Kasia Dorota Ieva",
        "Paweł Marek Grzegorz Tomasz Łukasz Darius Piotr Krzysztof Andrius Rafał Wojtek Mariusz",
        "Nowak Mazur Krawczyk Kaczmarek Dudek Stępień Wróbel Pietrzak Walczak Sikora Baran Szewczyk Kubiak Wrona Pająk "
        "Gajda Sroka Bielak Urban",
        "pl pl pl lt",
    ),
    "romanian": _group(
        5,
        "Ioana Daria Ilinca Miruna Anca Bianca Teodora Raluca",
        "Andrei Matei Luca Vlad Radu Tudor Mihai Ştefan",
        "Cristina Mihaela Loredana Simona Roxana Elena Adriana Corina",
        "Bogdan Ionuţ Cătălin Florin Sorin Marius Gabriel Dan",
        "Munteanu Lupu Dobre Neagu Olaru Stan Ciobanu Rusu Matei Preda Toma",
        "ro",
    ),
    "arabic": _group(
        5,
        "Layan Salma Jana Rania Yasmin Tala Dima Hala",
        "Omar Karim Bilal Sami Tareq Nabil Anas Ziad",
        "Huda Rasha Mona Lubna Abeer Suhad Nisreen Dalia",
        "Khaled Mazen Walid Fadi Hisham Adel Basel Nizar",
        "Haddad Mansour Saleh Najjar Khoury Darwish Hamdan Sabbagh Aziz Barakat Issa",
        "ar ar ku",
    ),
    "somali": _group(
        4,
        "Hodan Ifrah Sagal Ayaan Ubah Nasra",
        "Guled Abdi Liban Zakariya Mahad Bashir",
        "Fadumo Sahra Hibo Idil Faiza Amina",
        "Cabdi Warsame Jama Ismail Farah Yasin",
        "Warfa Abokor Duale Hersi Gedi Samatar Egal Roble Shire",
        "so",
    ),
    "caribbean": _group(
        4,
        "Tiana Nia Renae Kaya Shanice Jada",
        "Malachi Tyrell Josiah Kairo Zion Micah",
        "Chantelle Tanisha Latoya Simone Nadine Denise",
        "Marlon Delroy Jermaine Leroy Andre Winston",
        "Pinnock Gayle Clarke-Bryan Ffrench Lewin Morant Dacosta Brissett Wint",
    ),
    "chinese": _group(
        2,
        "Xinyi Mei Jiayi Kaylee",
        "Haoran Zihan Kelvin Yichen",
        "Ling Wai-Yee Fang Hui",
        "Jun Kwok-Wai Bo Peng",
        "Leung Zhang Kwok Cheung Tse Luo",
        "zh",
    ),
    "ukrainian": _group(
        2,
        "Solomiya Zlata Myroslava Daryna",
        "Danylo Bohdan Taras Ostap",
        "Oksana Halyna Iryna Lesya",
        "Andriy Vasyl Serhiy Yuriy",
        "Shevchuk Bondar Kravets Moroz Lysenko Tkach",
        "uk",
    ),
}
